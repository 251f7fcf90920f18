import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseObjectLocation } from "../../../../../cloud/files/object-store/location.js";
import { ObjectFiles } from "../../../../../cloud/files/object-store/object-files.js";
import { ObjectStoreError } from "../../../../../cloud/files/object-store/object-store-error.js";
import { S3Client } from "../../../../../cloud/files/object-store/s3-client.js";
import { CloudError } from "../../../../../cloud/types.js";
import { withFolder } from "../../../../support/folder.js";
import { BUCKET, KEYS, ObjectStore } from "../../../../support/object-store/object-store.js";

const BYTES = Buffer.from("an image of a lamp");
const PART = 1000;
/** Three parts, the last one shorter. */
const LONG = Buffer.from(Array.from({ length: 2500 }, (_, at) => (at * 7) % 251));

function storedOf(bytes: Uint8Array) {
  const hash = (name: string): string => createHash(name).update(bytes).digest("hex");
  return { md5: hash("md5"), sha256: hash("sha256"), size: bytes.byteLength };
}

const keyOf = (bytes: Uint8Array): string => `firmware/${storedOf(bytes).md5}.bin`;

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += length) yield bytes.subarray(start, start + length);
}

function filesIn(store: ObjectStore, options: { readonly timeoutMs?: number; readonly nowMs?: () => number } = {}) {
  store.leastPartBytes = PART;
  const location = parseObjectLocation(store.location());
  const client = new S3Client({ location, keys: () => KEYS, retryMs: 1, ...options });
  return new ObjectFiles({ client, partBytes: PART, mostFileBytes: 10_000 });
}

const withFiles = (
  body: (files: ObjectFiles, store: ObjectStore) => Promise<void>,
  options?: Parameters<typeof filesIn>[1],
): Promise<void> => ObjectStore.run((store) => body(filesIn(store, options), store));

test("a short file is stored by one request, and under its name, however it is split", () =>
  withFiles(async (files, store) => {
    for (const length of [1, 7, 1000]) assert.deepEqual(await files.add(pieces(BYTES, length)), storedOf(BYTES));
    assert.deepEqual([...store.objects.keys()], [keyOf(BYTES)]);
    const [object] = store.objects.values();
    assert.deepEqual(object?.bytes, BYTES);
    assert.deepEqual(object?.headers, {
      "content-type": "application/octet-stream",
      "cache-control": "public, max-age=31536000, immutable",
    });
    assert.equal(store.requests.length, 3);
    assert.equal(await files.check(storedOf(BYTES)), "whole");
  }));

test("a long file goes in parts, and leaves nothing but the file", () =>
  withFiles(async (files, store) => {
    for (const length of [1, 999, 1000, 2500]) assert.deepEqual(await files.add(pieces(LONG, length)), storedOf(LONG));
    assert.deepEqual([...store.objects.keys()], [keyOf(LONG)]);
    assert.deepEqual(store.objects.get(keyOf(LONG))?.bytes, LONG);
    assert.equal(store.uploads.size, 0);
    assert.equal(await files.check(storedOf(LONG)), "whole");
  }));

test("a file of exactly one part, or two, has no empty part at its end", () =>
  withFiles(async (files, store) => {
    await files.add(pieces(LONG.subarray(0, PART), 100));
    assert.equal(store.requests.filter(({ method }) => method === "POST").length, 0);
    await files.add(pieces(LONG.subarray(0, 2 * PART), 100));
    assert.equal(store.requests.filter(({ target }) => target.includes("partNumber")).length, 2);
  }));

test("a file of the machine is stored", () =>
  withFiles((files) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "image.bin"), BYTES);
      assert.deepEqual(await files.addFile(join(folder, "image.bin")), storedOf(BYTES));
      await assert.rejects(files.addFile(folder), CloudError);
    }),
  ));

test("an empty file, one that is too big and a source that breaks off leave nothing behind", () =>
  withFiles(async (files, store) => {
    await assert.rejects(files.add(pieces(Buffer.alloc(0), 1)), new CloudError("the file is empty"));
    const tooBig = new CloudError("the file has more than 10000 bytes");
    await assert.rejects(files.add(pieces(Buffer.alloc(10_001), 700)), tooBig);
    const broken = new Error("the browser went away");
    async function* breaksOff(): AsyncGenerator<Uint8Array> {
      yield LONG;
      throw broken;
    }
    await assert.rejects(files.add(breaksOff()), broken);
    assert.deepEqual([store.objects.size, store.uploads.size], [0, 0]);
  }));

test("a content is read from any place, and from its beginning to its end in few requests", () =>
  withFiles(async (files, store) => {
    const { md5 } = await files.add(pieces(LONG, 2500));
    const content = await files.open(md5);
    assert.equal(content.size, 2500);
    assert.deepEqual(await content.read(2400, 300), LONG.subarray(2400));
    assert.deepEqual(await content.read(2500, 1), Buffer.alloc(0));
    store.requests.length = 0;
    let at = 0;
    for (; at < 2500; at += 100) assert.deepEqual(await content.read(at, 100), LONG.subarray(at, at + 100));
    assert.equal(store.requests.length, 2);
    await content.close();
  }));

test("a file that is missing, was cut or was changed is found out", () =>
  withFiles(async (files, store) => {
    assert.equal(await files.check(storedOf(BYTES)), "missing");
    assert.equal(await files.sizeOf(storedOf(BYTES).md5), undefined);
    await assert.rejects(files.open(storedOf(BYTES).md5), CloudError);
    await files.add(pieces(BYTES, 100));
    assert.equal(await files.sizeOf(storedOf(BYTES).md5), BYTES.byteLength);
    const object = store.objects.get(keyOf(BYTES));
    for (const bytes of [BYTES.subarray(1), Buffer.from("AN image of a lamp"), Buffer.concat([BYTES, BYTES])]) {
      store.objects.set(keyOf(BYTES), { etag: "", headers: {}, ...object, bytes });
      assert.equal(await files.check(storedOf(BYTES)), "damaged");
    }
    await files.remove(storedOf(BYTES).md5);
    await files.remove(storedOf(BYTES).md5);
    assert.equal(store.objects.size, 0);
    assert.throws(() => files.keyOf("../../other"), CloudError);
  }));

test("503 SlowDown, 500 and a connection that breaks are tried again, as long as the store asks for", () =>
  withFiles(async (files, store) => {
    store.fault({ method: "PUT", status: 503, code: "SlowDown", times: 2 });
    store.fault({ method: "PUT", losesAnswer: true });
    await files.add(pieces(BYTES, 100));
    assert.deepEqual(
      store.requests.map(({ status }) => status),
      [503, 503, 200, 200],
    );
    store.fault({ method: "GET", cutAfter: 3 });
    assert.equal(await files.check(storedOf(BYTES)), "whole");
  }));

test("a store that stays busy is given up after five tries, with what it says", () =>
  withFiles(async (files, store) => {
    store.fault({ status: 503, code: "SlowDown", times: 100 });
    const busy = (error: unknown) =>
      error instanceof ObjectStoreError && error.code === "busy" && error.message.includes("SlowDown");
    await assert.rejects(files.add(pieces(BYTES, 100)), busy);
    assert.equal(store.requests.length, 5);
  }));

test("an error in the body of a 200 is one, when parts are put together and when they are copied", () =>
  withFiles(async (files, store) => {
    store.fault({ method: "POST", target: "uploadId=", code: "InternalError" });
    store.fault({ method: "PUT", target: keyOf(LONG), code: "SlowDown" });
    assert.deepEqual(await files.add(pieces(LONG, 2500)), storedOf(LONG));
    assert.deepEqual([...store.objects.keys()], [keyOf(LONG)]);
  }));

test("if the answer is lost that says that the parts are one file, the file is there all the same", () =>
  withFiles(async (files, store) => {
    store.fault({ method: "POST", target: "uploadId=", losesAnswer: true });
    assert.deepEqual(await files.add(pieces(LONG, 2500)), storedOf(LONG));
    assert.deepEqual([...store.objects.keys()], [keyOf(LONG)]);
  }));

test("a part that cannot be stored ends the upload, and frees the parts before it", () =>
  withFiles(async (files, store) => {
    store.fault({ method: "PUT", target: "partNumber=2", status: 403, code: "AccessDenied" });
    await assert.rejects(files.add(pieces(LONG, 2500)), ObjectStoreError);
    assert.deepEqual([store.objects.size, store.uploads.size], [0, 0]);
  }));

test("a wrong clock is learnt from the store, for requests and for the URLs of devices", () =>
  withFiles(
    async (files, store) => {
      await files.add(pieces(BYTES, 100));
      assert.deepEqual(
        store.requests.map(({ status }) => status),
        [403, 200],
      );
      const url = await files.presign(storedOf(BYTES).md5, 900);
      assert.equal((await fetch(url)).status, 200);
    },
    { nowMs: () => Date.now() - 3_600_000 },
  ));

test("a clock that is wrong by less than the store minds is learnt from the first look at it", () =>
  withFiles(
    async (files) => {
      await files.add(pieces(BYTES, 100));
      const { md5 } = storedOf(BYTES);
      assert.equal((await fetch(await files.presign(md5, 60))).status, 403);
      await files.probe();
      assert.equal((await fetch(await files.presign(md5, 60))).status, 200);
    },
    { nowMs: () => Date.now() - 600_000 },
  ));

test("a clock that was set right since the store was asked is not corrected any more", async () => {
  let aheadMs = 3_600_000;
  await withFiles(
    async (files) => {
      await files.add(pieces(BYTES, 100));
      const { md5 } = storedOf(BYTES);
      assert.equal((await fetch(await files.presign(md5, 900))).status, 200);
      aheadMs = 0;
      assert.equal((await fetch(await files.presign(md5, 900))).status, 200);
    },
    { nowMs: () => Date.now() - aheadMs },
  );
});

test("keys that are wrong are named at the first look; a bucket that may not be listed is none of them", () =>
  ObjectStore.run(async (store) => {
    const location = parseObjectLocation(store.location());
    const files = (secretAccessKey: string, bucket = BUCKET) => {
      const keys = { ...KEYS, secretAccessKey };
      const client = new S3Client({ location: { ...location, bucket }, keys: () => keys, retryMs: 1 });
      return new ObjectFiles({ client });
    };
    await files(KEYS.secretAccessKey).probe();
    store.fault({ status: 403, code: "AccessDenied" });
    await files(KEYS.secretAccessKey).probe();
    await assert.rejects(files("wrong").probe(), /refuses the keys \(SignatureDoesNotMatch\)/);
    await assert.rejects(
      files(KEYS.secretAccessKey, "other-bucket").probe(),
      /refuses \(NoSuchBucket\): look at --files/,
    );
  }));

test("a store that does not answer is an error within the time of a try, and names its endpoint", () =>
  withFiles(
    async (files, store) => {
      store.fault({ delayMs: 10_000, times: 100 });
      const code = (error: unknown) => error instanceof ObjectStoreError && error.code === "unreachable";
      await assert.rejects(files.sizeOf(storedOf(BYTES).md5), code);
    },
    { timeoutMs: 20 },
  ));

test("a URL for a device serves ranges, and a range of another file is none", () =>
  withFiles(async (files) => {
    const { md5 } = await files.add(pieces(BYTES, 100));
    const url = await files.presign(md5, 900);
    const get = (headers: { readonly [name: string]: string }) => fetch(url, { headers });
    const whole = await get({});
    const etag = whole.headers.get("etag") ?? "";
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), BYTES);
    const part = await get({ range: "bytes=3-7", "if-range": etag });
    assert.deepEqual([part.status, await part.text()], [206, BYTES.toString().slice(3, 8)]);
    assert.equal((await get({ range: "bytes=3-7", "if-range": '"other"' })).status, 200);
    assert.equal((await get({ range: "bytes=18-" })).status, 416);
    assert.equal((await fetch(url.replace(md5, "0".repeat(32)))).status, 403);
    assert.equal((await fetch(url.replace("?", ".json?"))).status, 403);
    assert.equal((await fetch(await files.presign(md5, -1))).status, 403);
  }));
