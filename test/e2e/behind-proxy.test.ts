import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Running, runCommand, withCommands } from "../support/command.js";
import { SeededRandom } from "../support/seed.js";
import { tlsPem } from "../support/tls-fixtures.js";
import { TlsProxy, type TlsProxyOptions } from "../support/tls-proxy.js";

const PRODUCT = "ABCDE12345";

interface Bed {
  readonly proxy: TlsProxy;
  /** Where the cloud listens, by plain HTTP. */
  readonly upstream: string;
  /** The code of the sign-in link. */
  readonly code: string;
  readonly stdout: string;
  proxyWith(options: Omit<TlsProxyOptions, "upstream">): Promise<TlsProxy>;
  /** Adds a device by a command on this machine. */
  addDevice(name: string): Promise<void>;
}

function withProxy(body: (bed: Bed) => Promise<void>, args: readonly string[] = []): Promise<void> {
  return withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const ports = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
    const serve = new Running("cloud/main", ["serve", "--state", state, ...ports, "--behind-proxy", ...args]);
    await serve.until("its addresses", () => /^console .*#\S+\n/m.test(serve.stdout), 60_000);
    const [, upstream = "", code = ""] = /^console +(\S+)\/login#(\S+)$/m.exec(serve.stdout) ?? [];
    const proxies: TlsProxy[] = [];
    const proxyWith = async (options: Omit<TlsProxyOptions, "upstream">): Promise<TlsProxy> => {
      const proxy = await TlsProxy.start({ upstream, ...options });
      proxies.push(proxy);
      return proxy;
    };
    try {
      const addDevice = async (name: string): Promise<void> => {
        const device = ["--product", PRODUCT, "--name", name, "--output", join(folder, `${name}.json`)];
        const { code: exitCode, stderr } = await runCommand("cloud/main", [
          "device",
          "add",
          "--state",
          state,
          ...device,
        ]);
        assert.equal(exitCode, 0, stderr);
      };
      await body({ proxy: await proxyWith({}), upstream, code, stdout: serve.stdout, proxyWith, addDevice });
    } finally {
      for (const proxy of proxies) await proxy.stop();
      assert.equal((await serve.kill("SIGTERM")).code, 0);
    }
  });
}

interface Ask {
  readonly method?: string;
  readonly headers?: IncomingHttpHeaders;
  readonly body?: Uint8Array | string;
  /** Address from which the client comes: all of 127.0.0.0/8 is this machine. */
  readonly from?: string;
}

function open(
  url: string,
  { method = "GET", headers = {}, body, from = "127.0.0.1" }: Ask = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const request = httpsRequest(url, {
      method,
      headers: { ...headers, ...length },
      ca: tlsPem("ca.pem"),
      localAddress: from,
      agent: false,
    });
    request.on("response", resolve);
    request.on("error", reject);
    if (body === undefined) request.end();
    else Readable.from([body]).pipe(request);
  });
}

async function ask(url: string, options: Ask = {}) {
  const response = await open(url, options);
  const { statusCode: status = 0, headers } = response;
  const content = await text(response);
  return { status, headers, content, json: () => JSON.parse(content) as { readonly [field: string]: unknown } };
}

/** Signs in as the page does that the link opens. @returns the cookie */
async function signIn({ proxy, code }: Bed): Promise<string> {
  const headers = { "content-type": "application/json", origin: proxy.origin, "sec-fetch-site": "same-origin" };
  const body = JSON.stringify({ code });
  const answer = await ask(`${proxy.origin}/api/v1/session`, { method: "POST", headers, body });
  assert.equal(answer.status, 201, answer.content);
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  assert.match(cookie, /^__Host-ota_session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  assert.match(answer.headers["strict-transport-security"] ?? "", /^max-age=\d+$/);
  return cookie.split(";")[0] ?? "";
}

test("behind a proxy the sign-in link begins a session, once, and a change by it must come from the page there", async () => {
  await withProxy(async (bed) => {
    const { proxy, code, proxyWith } = bed;
    const cookie = await signIn(bed);
    const who = await ask(`${proxy.origin}/api/v1/session`, { headers: { cookie } });
    assert.deepEqual([who.status, who.json()["name"], who.json()["role"]], [200, "sign-in link", "admin"]);
    const again = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }) };
    assert.equal((await ask(`${proxy.origin}/api/v1/session`, again)).status, 401);

    const set = (at: TlsProxy, origin: string) =>
      ask(`${at.origin}/api/v1/products/${PRODUCT}`, {
        method: "PUT",
        headers: { cookie, origin, "content-type": "application/json" },
        body: JSON.stringify({ timeZone: "Asia/Shanghai" }),
      });
    assert.equal((await set(proxy, "https://elsewhere.example")).status, 403);
    assert.equal((await set(proxy, proxy.origin)).status, 200);
    const keepsHost = await proxyWith({ keepHost: true });
    assert.equal((await set(keepsHost, "https://elsewhere.example")).status, 403);
    assert.equal((await set(keepsHost, keepsHost.origin)).status, 200);
  });
});

test("an upload through a proxy arrives whole, and events come through it as they happen", async () => {
  await withProxy(async (bed) => {
    const { proxy, addDevice } = bed;
    const cookie = await signIn(bed);
    await addDevice("light_01");
    const content = new SeededRandom().bytes(3_000_000);
    const stream = await open(`${proxy.origin}/api/v1/events/stream`, { headers: { cookie } });
    assert.equal(stream.statusCode, 200);
    let events = "";
    stream.on("data", (bytes: Buffer) => (events += bytes.toString()));
    const uploadAs = (query: string) =>
      ask(`${proxy.origin}/api/v1/packages?product=${PRODUCT}&version=2.0.0${query}`, {
        method: "POST",
        headers: { cookie, origin: proxy.origin, "content-type": "application/octet-stream" },
        body: content,
      });
    const upload = await uploadAs("&fileName=image.bin");
    assert.equal(upload.status, 201, upload.content);
    const [file] = upload.json()["files"] as [{ readonly size: number; readonly md5: string }];
    assert.equal(file.size, content.byteLength);
    assert.equal(file.md5, createHash("md5").update(content).digest("hex"));
    const end = performance.now() + 20_000;
    while (!/package/.test(events)) {
      assert.ok(performance.now() < end && !stream.readableEnded, `no event of the package: ${events}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    stream.destroy();
    // A refusal that comes before the file is read.
    const refused = await uploadAs("");
    assert.deepEqual([refused.status, refused.json()["code"]], [400, "invalid"]);
  });
});

test("clients behind a proxy are limited each by its own address, which they cannot choose", async () => {
  await withProxy(async ({ proxy }) => {
    const headers = { authorization: "Bearer wrong" };
    const failing = (from: string, forged?: string) =>
      ask(`${proxy.origin}/api/v1/health`, {
        from,
        headers: { ...headers, ...(forged === undefined ? {} : { "x-forwarded-for": forged }) },
      });
    const statuses = new Set<number>();
    for (let count = 0; count < 60 && !statuses.has(429); count++) {
      statuses.add((await failing("127.0.0.2", `192.0.2.${count}`)).status);
    }
    assert.deepEqual([...statuses], [401, 429]);
    assert.equal((await failing("127.0.0.3")).status, 401);
    // An address that is limited does not limit another, not even by its name.
    assert.equal((await failing("127.0.0.4", "127.0.0.2")).status, 401);
  });
});

test("a request that did not come over TLS is refused, whoever makes it", async () => {
  await withProxy(async (bed) => {
    const cookie = await signIn(bed);
    const direct = await fetch(`${bed.upstream}/api/v1/session`, { headers: { cookie } });
    assert.equal(direct.status, 403);
    assert.match(await direct.text(), /X-Forwarded-Proto: https/);
    for (const proto of [undefined, "http"]) {
      const proxy = await bed.proxyWith({ proto });
      assert.equal((await ask(`${proxy.origin}/api/v1/session`, { headers: { cookie } })).status, 403);
    }
  });
});

test("with --console-url the link leads to the proxy; it is an origin of https, and needs --behind-proxy", async () => {
  await withCommands(async (folder) => {
    const state = ["--state", join(folder, "cloud"), "--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
    const url = ["--console-url", "https://ota.example:8443"];
    const serve = new Running("cloud/main", ["serve", ...state, "--behind-proxy", ...url]);
    await serve.until(
      "the link",
      () => /^console +https:\/\/ota\.example:8443\/login#\S+$/m.test(serve.stdout),
      60_000,
    );
    await serve.kill("SIGTERM");
    const alone = await runCommand("cloud/main", ["serve", ...state, ...url]);
    assert.deepEqual([alone.code, alone.stderr], [2, "ota-cloud: --console-url needs --behind-proxy\n"]);
    for (const wrong of ["http://ota.example", "https://ota.example/path", "ota.example"]) {
      const { code } = await runCommand("cloud/main", ["serve", ...state, "--behind-proxy", "--console-url", wrong]);
      assert.equal(code, 2, wrong);
    }
  });
});
