import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Downloads } from "../../../../cloud/files/downloads.js";
import { createFileServer, type ServedRequest } from "../../../../cloud/files/file-server.js";
import { type Holder, signUrl } from "../../../../cloud/files/signed-url.js";
import { withFolder } from "../../../support/folder.js";
import { type HttpAnswer, httpRequest } from "../../../support/http-get.js";
import { SeededRandom } from "../../../support/seed.js";
import { firmwarePath, ServedFiles } from "../../../support/served-files.js";

const PRODUCT = "ABCDE12345";
const FILE = Buffer.from(new SeededRandom(1).bytes(100_000));
const SIZE = FILE.byteLength;
const ETAG = `"${createHash("md5").update(FILE).digest("hex")}"`;

interface Serving {
  readonly files: ServedFiles;
  readonly downloads: Downloads;
  readonly served: ServedRequest[];
  readonly base: string;
  /** @returns a URL that is signed now */
  url(version?: string, lifetimeSec?: number, holder?: Holder): string;
  get(headers?: { readonly [name: string]: string }, method?: string): Promise<HttpAnswer>;
}

async function serving(body: (serving: Serving) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const files = new ServedFiles({ productId: PRODUCT, filePath: join(folder, "image.bin"), content: FILE });
    files.add("0.2.0");
    const downloads = new Downloads();
    const served: ServedRequest[] = [];
    const server = createFileServer({ source: files, downloads, onServed: (request) => served.push(request) });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const url = (version = "0.2.0", lifetimeSec = 60, holder: Holder = {}): string =>
      signUrl(base, firmwarePath(PRODUCT, version), files.signingKey, lifetimeSec, holder);
    try {
      await body({
        files,
        downloads,
        served,
        base,
        url,
        get: (headers = {}, method = "GET") => httpRequest(url(), { headers, method }),
      });
    } finally {
      server.close();
    }
  });
}

test("the whole file comes with 200, its length, its tag and Accept-Ranges", async () => {
  await serving(async ({ get, served }) => {
    const { status, headers, body } = await get();
    assert.equal(status, 200);
    assert.equal(headers["content-length"], String(SIZE));
    assert.equal(headers.etag, ETAG);
    assert.equal(headers["accept-ranges"], "bytes");
    assert.equal(headers["content-range"], undefined);
    assert.ok(body.equals(FILE));
    assert.deepEqual(served, [{ path: firmwarePath(PRODUCT, "0.2.0"), status: 200, byteLength: SIZE }]);
  });
});

test("a range comes with 206, exactly these bytes, and their Content-Range", async () => {
  await serving(async ({ get, served }) => {
    const ranges: [value: string, first: number, last: number][] = [
      ["bytes=0-0", 0, 0],
      ["bytes=5-1004", 5, 1004],
      ["bytes=65536-", 65_536, SIZE - 1],
      [`bytes=0-${SIZE}`, 0, SIZE - 1],
      [`bytes=${SIZE - 1}-`, SIZE - 1, SIZE - 1],
      ["bytes=-7", SIZE - 7, SIZE - 1],
    ];
    for (const [range, first, last] of ranges) {
      const { status, headers, body } = await get({ Range: range });
      assert.equal(status, 206, range);
      assert.equal(headers["content-range"], `bytes ${first}-${last}/${SIZE}`);
      assert.equal(headers["content-length"], String(last - first + 1));
      assert.equal(headers.etag, ETAG);
      assert.ok(body.equals(FILE.subarray(first, last + 1)), range);
      assert.deepEqual(served.at(-1), {
        path: firmwarePath(PRODUCT, "0.2.0"),
        status: 206,
        byteLength: last - first + 1,
      });
    }
  });
});

test("a range that begins at the end or beyond gets 416 and the file's length", async () => {
  await serving(async ({ get }) => {
    for (const range of [`bytes=${SIZE}-`, `bytes=${SIZE}-${SIZE}`, `bytes=${SIZE + 5}-`, "bytes=-0"]) {
      const { status, headers } = await get({ Range: range });
      assert.equal(status, 416, range);
      assert.equal(headers["content-range"], `bytes */${SIZE}`);
    }
  });
});

test("a malformed range, and several, get the whole file", async () => {
  await serving(async ({ get }) => {
    for (const range of ["bytes=9-3", "bytes=0-1,5-6", "lines=0-1", "bytes=x-"]) {
      const { status, body } = await get({ Range: range });
      assert.equal(status, 200, range);
      assert.equal(body.byteLength, SIZE);
    }
  });
});

test("a range counts with the file's own tag in If-Range, and not with another", async () => {
  await serving(async ({ get }) => {
    assert.equal((await get({ Range: "bytes=10-19", "If-Range": ETAG })).status, 206);
    for (const tag of ['"other"', `W/${ETAG}`, ETAG.slice(1, -1), "Thu, 01 Jan 2026 00:00:00 GMT"]) {
      const { status, body } = await get({ Range: "bytes=10-19", "If-Range": tag });
      assert.equal(status, 200, tag);
      assert.equal(body.byteLength, SIZE);
    }
    assert.equal((await get({ Range: `bytes=${SIZE}-`, "If-Range": '"other"' })).status, 200);
  });
});

test("HEAD answers as GET does, without a body, and counts as zero bytes sent", async () => {
  await serving(async ({ get, served }) => {
    const { status, headers, body } = await get({}, "HEAD");
    assert.equal(status, 200);
    assert.equal(headers["content-length"], String(SIZE));
    assert.equal(headers.etag, ETAG);
    assert.equal(body.byteLength, 0);
    assert.deepEqual(served, [{ path: firmwarePath(PRODUCT, "0.2.0"), status: 200, byteLength: 0 }]);
  });
});

test("a Range on HEAD is ignored: ranges are for GET (RFC 9110 §14.2)", async () => {
  await serving(async ({ get }) => {
    const { status, headers } = await get({ Range: "bytes=0-9" }, "HEAD");
    assert.equal(status, 200);
    assert.equal(headers["content-length"], String(SIZE));
  });
});

test("without a signature, with another's, or after its time, the answer is 403 in XML", async () => {
  await serving(async ({ base, url, files, served }) => {
    const path = firmwarePath(PRODUCT, "0.2.0");
    const other = signUrl(base, firmwarePath(PRODUCT, "0.1.0"), files.signingKey, 60);
    const refused = [
      `${base}${path}`,
      `${base}${path}?sign=x`,
      `${base}${path}${other.slice(other.indexOf("?"))}`,
      url("0.2.0", 0),
      `${base}/`,
    ];
    for (const target of refused) {
      const { status, headers, body } = await httpRequest(target);
      assert.equal(status, 403, target);
      assert.equal(headers["content-type"], "application/xml");
      assert.match(body.toString(), /<Code>AccessDenied<\/Code>/);
    }
    assert.ok(
      served.every(({ path: told }) => !told.includes("?")),
      "a query was told",
    );
  });
});

test("a file that was never added, or is gone, gets 404", async () => {
  await serving(async ({ url, files }) => {
    assert.equal((await httpRequest(url("0.9.9"))).status, 404);
    rmSync(files.filePath);
    const { status, body } = await httpRequest(url());
    assert.equal(status, 404);
    assert.match(body.toString(), /NoSuchKey/);
  });
});

test("any other method gets 405, with the ones that are allowed", async () => {
  await serving(async ({ url }) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const { status, headers } = await httpRequest(url(), { method });
      assert.equal(status, 405, method);
      assert.equal(headers.allow, "GET, HEAD", "RFC 9110 §15.5.6 asks for it");
    }
  });
});

test("many requests at once, and one that is given up, do not disturb each other", async () => {
  await serving(async ({ url, get }) => {
    await new Promise<void>((resolve) => {
      const givenUp = request(url(), { agent: false }, (response) =>
        response.once("data", () => givenUp.destroy()).on("error", () => {}),
      );
      givenUp.on("error", () => {}).on("close", resolve);
      givenUp.end();
    });
    const offsets = Array.from({ length: 20 }, (_, index) => index * 4096);
    const answers = await Promise.all(offsets.map((offset) => get({ Range: `bytes=${offset}-` })));
    for (const [index, { body }] of answers.entries()) assert.ok(body.equals(FILE.subarray(index * 4096)));
  });
});

/** The manifest's URL as the agent asks for it: `.json` before the query, which stays. */
function manifestOf(url: string): string {
  return url.replace("?", ".json?");
}

test("a manifest is served beside its file, with the file's own query", async () => {
  await serving(async ({ files, url, served }) => {
    const manifest = { sourceVersion: "0.1.0", minBatteryPercent: 30 } as const;
    files.add("0.2.0", manifest);
    const { status, headers, body } = await httpRequest(manifestOf(url()));
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["content-length"], String(body.byteLength));
    assert.deepEqual(JSON.parse(body.toString()), manifest);
    const head = await httpRequest(manifestOf(url()), { method: "HEAD" });
    assert.deepEqual(
      [head.status, head.headers["content-length"], head.body.byteLength],
      [200, String(body.byteLength), 0],
    );
    const path = `${firmwarePath(PRODUCT, "0.2.0")}.json`;
    assert.deepEqual(served, [
      { path, status: 200, byteLength: body.byteLength },
      { path, status: 200, byteLength: 0 },
    ]);
    assert.ok((await httpRequest(url())).body.equals(FILE));
  });
});

test("a file without a manifest, and one that was never added, get 404 for it", async () => {
  await serving(async ({ url }) => {
    assert.equal((await httpRequest(manifestOf(url()))).status, 404);
    assert.equal((await httpRequest(manifestOf(url("0.9.9")))).status, 404);
  });
});

test("a manifest's URL holds as long as its file's, and for its own file only", async () => {
  await serving(async ({ base, url, files }) => {
    files.add("0.2.0", { space: 1 });
    const other = url("0.3.0");
    const path = firmwarePath(PRODUCT, "0.2.0");
    const refused = [
      manifestOf(url("0.2.0", 0)),
      `${base}${path}.json`,
      `${base}${path}.json${other.slice(other.indexOf("?"))}`,
    ];
    for (const target of [...refused, manifestOf(manifestOf(url()))]) {
      assert.equal((await httpRequest(target)).status, 403, target);
    }
  });
});

test("a version that ends in .json is a file of its own, beside the manifest of the version before the dot", async () => {
  await serving(async ({ url, files }) => {
    files.add("0.2.0", { space: 1 });
    files.add("0.2.0.json");
    assert.ok((await httpRequest(url("0.2.0.json"))).body.equals(FILE));
    assert.deepEqual(JSON.parse((await httpRequest(manifestOf(url()))).body.toString()), { space: 1 });
    assert.equal((await httpRequest(manifestOf(url("0.2.0.json")))).status, 404);
    assert.match((await httpRequest(url("0.2.0.json", 0))).body.toString(), /expired/);
  });
});

test("once an update was taken back, its URL gets 403, as its manifest's does, and no other URL", async () => {
  await serving(async ({ url, files }) => {
    files.add("0.2.0", { space: 1 });
    const [ours, theirs] = [7, 8].map((taskId) => url("0.2.0", 60, { deviceName: "light_01", taskId }));
    files.revoked.add(7);
    const { status, body } = await httpRequest(ours!);
    assert.equal(status, 403);
    assert.match(body.toString(), /taken back/);
    assert.equal((await httpRequest(manifestOf(ours!))).status, 403);
    for (const target of [theirs!, url()]) assert.equal((await httpRequest(target)).status, 200);
  });
});

test("a URL that is taken back while its file is looked for serves nothing whole", async () => {
  await serving(async ({ files, url, served }) => {
    const find = files.find.bind(files);
    files.find = async (path) => {
      files.revoked.add(7);
      return find(path);
    };
    await assert.rejects(httpRequest(url("0.2.0", 60, { taskId: 7 })));
    assert.deepEqual(
      served.map(({ status, byteLength }) => [status, byteLength]),
      [[403, 0]],
    );
  });
});
