import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { FaultSpec } from "../../../../cloud/faults/fault.js";
import { FaultList } from "../../../../cloud/faults/fault-list.js";
import { aheadMs } from "../../../../cloud/faults/http-faults.js";
import { createFileServer } from "../../../../cloud/files/file-server.js";
import { signUrl } from "../../../../cloud/files/signed-url.js";
import { withFolder } from "../../../support/folder.js";
import { type HttpAnswer, httpRequest } from "../../../support/http-get.js";
import { SeededRandom } from "../../../support/seed.js";
import { firmwarePath, ServedFiles } from "../../../support/served-files.js";
import { SERVER_TLS, tlsPem } from "../../../support/tls-fixtures.js";

const PRODUCT = "ABCDE12345";
const FILE = Buffer.from(new SeededRandom(1).bytes(200_000));
const MIDDLE = FILE.byteLength / 2;

interface Serving {
  readonly faults: FaultList;
  readonly port: number;
  /** As signed for a device. */
  url(deviceName?: string): string;
  get(headers?: { readonly [name: string]: string }, deviceName?: string): Promise<HttpAnswer>;
}

async function serving(
  specs: readonly FaultSpec[],
  body: (serving: Serving) => Promise<void>,
  tls = false,
): Promise<void> {
  await withFolder(async (folder) => {
    const source = new ServedFiles({ productId: PRODUCT, filePath: join(folder, "image.bin"), content: FILE });
    source.add("0.2.0", { space: 1 });
    const faults = new FaultList();
    for (const spec of specs) faults.add(spec);
    const server = createFileServer({ source, faults, tls: tls ? SERVER_TLS : undefined });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const path = firmwarePath(PRODUCT, "0.2.0");
    const url = (deviceName?: string): string =>
      signUrl(`http://127.0.0.1:${port}`, path, source.signingKey, 60, { deviceName });
    try {
      await body({ faults, port, url, get: (headers = {}, device) => httpRequest(url(device), { headers }) });
    } finally {
      server.close();
    }
  });
}

test("a status comes with its fields and its body, as often as it should", () =>
  serving(
    [{ fault: "status", status: 503, headers: { "Retry-After": "7" }, body: "büsy", times: 1 }],
    async ({ get }) => {
      const { status, headers, body } = await get();
      assert.deepEqual([status, headers["retry-after"], body.toString()], [503, "7", "büsy"]);
      assert.equal(headers["content-length"], "5");
      assert.ok((await get()).body.equals(FILE));
    },
  ));

test("fields that contradict each other end the connection at most, and not the cloud", () =>
  serving([], async ({ get, faults }) => {
    for (const name of ["Trailer", "Transfer-Encoding", "Content-Length", "content-length", "Connection", "Upgrade"]) {
      faults.clear();
      faults.add({ fault: "status", status: 200, headers: { [name]: "7" }, body: "x" });
      await get().catch(() => {});
      faults.clear();
      assert.equal((await get()).status, 200, name);
    }
  }));

test("faults are for GET of a firmware: HEAD, a manifest and a wrong signature are answered as ever", () =>
  serving([{ fault: "status", status: 503 }], async ({ url, faults }) => {
    assert.equal((await httpRequest(url(), { method: "HEAD" })).status, 200);
    assert.equal((await httpRequest(url().replace("?", ".json?"))).status, 200);
    assert.equal((await httpRequest(url().replace("0.2.0", "0.3.0"))).status, 403);
    assert.equal(faults.list()[0]?.struck, 0);
  }));

test("a fault for a device strikes a URL that was signed for it, and no other", () =>
  serving([{ fault: "status", status: 503, product: PRODUCT, device: "a-b_c:1" }], async ({ get }) => {
    assert.equal((await get({}, "a-b_c:1")).status, 503);
    assert.equal((await get({}, "light_02")).status, 200);
    assert.equal((await get()).status, 200);
  }));

test("no-range: a range gets 200 and the whole file; a request without one meets no fault", () =>
  serving([{ fault: "no-range", times: 1 }], async ({ get }) => {
    assert.equal((await get()).status, 200);
    const { status, headers, body } = await get({ Range: "bytes=10-" });
    assert.deepEqual([status, headers["content-range"]], [200, undefined]);
    assert.ok(body.equals(FILE));
    assert.equal((await get({ Range: "bytes=10-" })).status, 206);
  }));

test("wrong-range: another range comes, which is true to its own Content-Range", () =>
  serving([{ fault: "wrong-range" }, { fault: "wrong-range", shift: 1 }], async ({ get, faults }) => {
    const last = FILE.byteLength - 1;
    for (const [range, first] of [
      ["bytes=0-", 4096],
      ["bytes=8192-", 12_288],
      [`bytes=${last}-`, last - 4096],
      ["bytes=0-9", 1],
    ] as const) {
      const { status, headers, body } = await get({ Range: range });
      const end = range.endsWith("9") ? 9 : last;
      assert.deepEqual([status, headers["content-range"]], [206, `bytes ${first}-${end}/${FILE.byteLength}`], range);
      assert.ok(body.equals(FILE.subarray(first, end + 1)), range);
    }
    faults.clear(1);
    assert.equal((await get({ Range: "bytes=5-" })).headers["content-range"], `bytes 6-${last}/${FILE.byteLength}`);
  }));

test("wrong-bytes: one byte of the file is another, in whichever range it comes", () =>
  serving([{ fault: "wrong-bytes" }], async ({ get, faults }) => {
    const wrong = Buffer.from(FILE);
    wrong[MIDDLE] = ~(FILE[MIDDLE] as number);
    assert.ok((await get()).body.equals(wrong));
    assert.ok((await get({ Range: `bytes=${MIDDLE}-` })).body.equals(wrong.subarray(MIDDLE)));
    assert.ok(
      (await get({ Range: `bytes=${MIDDLE - 5}-${MIDDLE}` })).body.equals(wrong.subarray(MIDDLE - 5, MIDDLE + 1)),
    );
    assert.equal(faults.list()[0]?.struck, 3);
    assert.ok((await get({ Range: `bytes=${MIDDLE + 1}-` })).body.equals(FILE.subarray(MIDDLE + 1)));
    assert.equal(faults.list()[0]?.struck, 3, "that range does not have the byte");
    faults.clear();
    faults.add({ fault: "wrong-bytes", offset: 0 });
    assert.equal((await get()).body[0], 255 - (FILE[0] as number));
  }));

test("redirect: so many redirects, each to a URL that is valid, and then the file", () =>
  serving([{ fault: "redirect", hops: 2 }], async ({ url, faults }) => {
    let target = url("light_01");
    for (let hop = 0; hop < 2; hop++) {
      const { status, headers } = await httpRequest(target);
      assert.equal(status, 302);
      target = new URL(headers.location ?? "", target).href;
    }
    assert.ok((await httpRequest(target)).body.equals(FILE));
    assert.equal(faults.list()[0]?.struck, 1);
  }));

test("redirect: a status strikes inside a chain", () =>
  serving([{ fault: "redirect", hops: 1 }], async ({ url, faults }) => {
    const { headers } = await httpRequest(url());
    faults.add({ fault: "status", status: 404 });
    assert.equal((await httpRequest(new URL(headers.location ?? "", url()).href)).status, 404);
  }));

/** What a connection brings until it ends, and how it ends. `stalled`: after nothing came for a while. */
async function readRaw(url: string): Promise<{ bytes: number; end: string }> {
  const { connect } = await import("node:net");
  const { port, pathname, search } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.setTimeout(500);
  const end = await new Promise<string>((resolve) => {
    socket.on("timeout", () => resolve("stalled"));
    socket.on("end", () => resolve("ended"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? ""));
  });
  socket.destroy();
  const all = Buffer.concat(chunks);
  const head = all.indexOf("\r\n\r\n");
  if (head >= 0)
    assert.match(all.subarray(0, head).toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 200000\r\n/i);
  return { bytes: head < 0 ? -1 : all.byteLength - head - 4, end };
}

for (const bytes of [0, 1, 100_000]) {
  test(`cut, stall and reset after ${bytes} bytes: the head promises the whole, and no more than these bytes come`, () =>
    serving([], async ({ url, faults }) => {
      for (const [fault, end] of [
        ["cut", /^ended$/],
        ["stall", /^stalled$/],
        // If there are unread bytes when the reset comes, Node reads them and reports an end, not an error.
        ["reset", /^(ECONNRESET|ended)$/],
      ] as const) {
        faults.clear();
        faults.add({ fault, bytes });
        const got = await readRaw(url());
        assert.match(got.end, end, fault);
        // A reset may take bytes with it that have not been read.
        if (fault === "reset") assert.ok(got.bytes <= bytes);
        else assert.equal(got.bytes, bytes, fault);
      }
    }));
}

test("reset without bytes: there is no answer", () =>
  serving([{ fault: "reset" }], async ({ url }) => {
    assert.deepEqual(await readRaw(url()), { bytes: -1, end: "ECONNRESET" });
  }));

test("a cut behind the last byte asked for neither strikes nor counts", () =>
  serving([{ fault: "cut", bytes: 10 }], async ({ get, faults }) => {
    assert.equal((await get({ Range: "bytes=0-9" })).body.byteLength, 10);
    assert.equal(faults.list()[0]?.struck, 0);
  }));

test("slow: each byte has its time", () => {
  assert.equal(aheadMs({ sent: 5000, bytesPerSecond: 100_000, elapsedMs: 0 }), 50);
  assert.equal(aheadMs({ sent: 5000, bytesPerSecond: 100_000, elapsedMs: 20 }), 30);
  assert.equal(aheadMs({ sent: 5000, bytesPerSecond: 100_000, elapsedMs: 60 }), -10);
  assert.equal(aheadMs({ sent: 5000, bytesPerSecond: Infinity, elapsedMs: 0 }), 0);
});

test("slow: all bytes come", () =>
  serving([{ fault: "slow", bytesPerSecond: 1_000_000 }], async ({ get }) => {
    assert.ok((await get()).body.equals(FILE));
  }));

test("slow and cut go together, and so do many slow downloads, one of which is given up", () =>
  serving([{ fault: "slow", bytesPerSecond: 2_000_000 }], async ({ url, get, faults }) => {
    const all = Promise.all(Array.from({ length: 5 }, () => get()));
    assert.equal((await readRaw(url())).bytes >= 0, true);
    for (const { body } of await all) assert.ok(body.equals(FILE));
    faults.add({ fault: "cut", bytes: 50_000 });
    assert.deepEqual(await readRaw(url()), { bytes: 50_000, end: "ended" });
    assert.equal(faults.list()[0]?.struck, 7);
  }));

test("tls-refuse: the handshake ends with the alert, and the next one is as ever", () =>
  serving(
    [{ fault: "tls-refuse", alert: 80, times: 1 }],
    async ({ port }) => {
      const shake = () => connectTls({ port, host: "127.0.0.1", ca: tlsPem("ca.pem"), servername: "" });
      const refused = shake();
      const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
      assert.match(error.message, /alert number 80/);
      const accepted = shake();
      await once(accepted, "secureConnect");
      accepted.destroy();
    },
    true,
  ));
