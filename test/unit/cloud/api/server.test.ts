import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ApiServer, type ApiServerOptions } from "../../../../cloud/api/server.js";
import { FakeOperator } from "../../../support/fake-operator.js";
import { withFolder } from "../../../support/folder.js";
import { SERVER_TLS, tlsPem } from "../../../support/tls-fixtures.js";

async function served(
  options: Partial<ApiServerOptions>,
  body: (server: ApiServer, operator: FakeOperator, token: string) => Promise<void>,
): Promise<void> {
  const operator = new FakeOperator();
  const token = operator.token("admin");
  const server = await ApiServer.start({ operator, port: 0, ...options });
  try {
    await body(server, operator, token);
  } finally {
    await server.close();
  }
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Reads a stream of events until its text holds what is looked for. */
async function readUntil(response: Response, wanted: RegExp): Promise<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!wanted.test(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let count = 0; !condition(); count++) {
    assert.ok(count < 2000, `no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("another address than loopback needs TLS or a proxy", async () => {
  const operator = new FakeOperator();
  await assert.rejects(
    ApiServer.start({ operator, port: 0, host: "0.0.0.0" }),
    /listens on 0\.0\.0\.0 only with TLS \(--tls-cert, --tls-key\) or with --behind-proxy/,
  );
  await served({ host: "0.0.0.0", behindProxy: true }, async ({ url }, _operator, token) => {
    const address = url.replace("0.0.0.0", "127.0.0.1");
    assert.equal((await fetch(`${address}/api/v1/health`, { headers: bearer(token) })).status, 403);
    const headers = { ...bearer(token), "X-Forwarded-Proto": "https" };
    assert.equal((await fetch(`${address}/api/v1/health`, { headers })).status, 200);
  });
});

test("a port that is taken is named with its option", async () => {
  await served({}, async ({ url }, operator) => {
    const port = Number(new URL(url).port);
    await assert.rejects(ApiServer.start({ operator, port }), {
      name: "Refusal",
      message: `port ${port} is taken: choose another with --console-port`,
    });
  });
});

test("the address for commands is in serve.json, for its owner alone, while the cloud runs", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "serve.json");
    writeFileSync(path, "{}", { mode: 0o644 });
    await served({ folder }, async ({ url }) => {
      const { port, token } = JSON.parse(readFileSync(path, "utf8")) as { port: number; token: string };
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(url, `http://127.0.0.1:${port}`);
      assert.equal((await fetch(`${url}/api/v1/tokens`, { headers: bearer(token) })).status, 200);
    });
    assert.equal(existsSync(path), false);
  });
});

test("behind a proxy, commands on this machine have a listener of their own", async () => {
  await withFolder(async (folder) => {
    await served({ folder, behindProxy: true }, async ({ url }) => {
      const { port, token } = JSON.parse(readFileSync(join(folder, "serve.json"), "utf8")) as {
        port: number;
        token: string;
      };
      assert.notEqual(url, `http://127.0.0.1:${port}`);
      const ask = (address: string) => fetch(`${address}/api/v1/health`, { headers: bearer(token) });
      assert.equal((await ask(`http://127.0.0.1:${port}`)).status, 200);
      assert.equal((await ask(url)).status, 403);
    });
  });
});

test("with TLS the console is reached by https, and commands on this machine without", async () => {
  await withFolder(async (folder) => {
    await served({ folder, tls: SERVER_TLS, host: "0.0.0.0" }, async ({ url }, _operator, admin) => {
      assert.match(url, /^https:\/\/0\.0\.0\.0:/);
      const { port, token } = JSON.parse(readFileSync(join(folder, "serve.json"), "utf8")) as {
        port: number;
        token: string;
      };
      const local = await fetch(`http://127.0.0.1:${port}/api/v1/health`, { headers: bearer(token) });
      assert.equal(local.status, 200);
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const options = { ca: tlsPem("ca.pem"), headers: bearer(admin), agent: false };
        get(`${url.replace("0.0.0.0", "127.0.0.1")}/api/v1/health`, options, resolve).on("error", reject);
      });
      answer.resume();
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.headers["strict-transport-security"], "max-age=31536000");
    });
  });
});

test("the link signs in once", async () => {
  await served({}, async (server) => {
    const [, code] = server.signInLink().split("#");
    assert.match(server.signInLink(), /^http:\/\/127\.0\.0\.1:[0-9]+\/login#[A-Za-z0-9_-]{32}$/);
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }) };
    // A later link takes the place of the one before.
    assert.equal((await fetch(`${server.url}/api/v1/session`, request)).status, 401);
  });
});

test("a stream has new events with their ids, and changes of plans without one", async () => {
  await served({}, async ({ url, api }, operator, token) => {
    const response = await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) });
    assert.equal(response.headers.get("Content-Type"), "text/event-stream");
    operator.change({ kind: "plan", planId: 7, productId: "ABCDE12345" });
    const { id } = operator.event({ detail: { text: "a\nb" } });
    const text = await readUntil(response, /"detail"/);
    assert.match(text, /event: plan\ndata: {"planId":7,"productId":"ABCDE12345"}\n\n/);
    assert.ok(text.includes(`id: ${id}\ndata: {"id":${id},`), text);
    assert.ok(text.includes('"text":"a\\nb"'), text);
    await until("end of the stream", () => api.streams.count === 0);
    assert.equal(operator.listeners.size, 0);
  });
});

test("Last-Event-ID replays what was missed, in order and once, while more comes", async () => {
  await served({}, async ({ url }, operator, token) => {
    const seen = operator.event().id;
    for (let count = 0; count < 450; count++) operator.event();
    const events = operator.events.bind(operator);
    let reads = 0;
    operator.events = async (filter, page) => {
      // It is in the page, and it is reported while the page is read.
      if (reads < 3) operator.event({ kind: "in-both" });
      const answer = await events(filter, page);
      // It comes between the reading of a page and its sending.
      if (++reads <= 3) operator.event({ kind: "meanwhile" });
      await new Promise((resolve) => setImmediate(resolve));
      return answer;
    };
    const headers = { ...bearer(token), "Last-Event-ID": String(seen) };
    const response = await fetch(`${url}/api/v1/events/stream`, { headers });
    const reading = readUntil(response, /"kind":"last"/);
    await until("replay", () => reads >= 3);
    operator.event({ kind: "last" });
    const text = await reading;
    const ids = [...text.matchAll(/^id: ([0-9]+)$/gm)].map(([, id]) => Number(id));
    assert.deepEqual(
      ids,
      Array.from({ length: ids.length }, (_, index) => seen + 1 + index),
    );
    assert.equal(ids.length, 450 + 3 + 3 + 1);
  });
});

test("a stream has the events of its filter alone", async () => {
  await served({}, async ({ url }, operator, token) => {
    const device = { productId: "ABCDE12345", deviceName: "light_01" };
    operator.event({ device, kind: "before" });
    const query = "after=0&product=ABCDE12345&device=light_01";
    const response = await fetch(`${url}/api/v1/events/stream?${query}`, { headers: bearer(token) });
    operator.event({ device: { ...device, deviceName: "other" }, kind: "of-another" });
    operator.event({ kind: "of-none" });
    operator.event({ device, kind: "last" });
    const text = await readUntil(response, /"kind":"last"/);
    assert.match(text, /"kind":"before"/);
    assert.doesNotMatch(text, /of-another|of-none/);
  });
});

test("a stream of one product has the events of its plans, as the list of events has", async () => {
  await served({}, async ({ url }, operator, token) => {
    const response = await fetch(`${url}/api/v1/events/stream?product=ABCDE12345`, { headers: bearer(token) });
    const event = { id: 900, at: 1_700_000_000_000, planId: 7, detail: {} };
    operator.change({ kind: "event", event: { ...event, kind: "of-another" }, productId: "OTHER12345" });
    operator.change({ kind: "event", event: { ...event, id: 901, kind: "plan-halted" }, productId: "ABCDE12345" });
    operator.change({ kind: "health" });
    const text = await readUntil(response, /event: health/);
    assert.match(text, /"kind":"plan-halted"/);
    assert.doesNotMatch(text, /of-another/);
  });
});

test("a stream of one product has plans and packages of that product alone, and all of presence and health", async () => {
  await served({}, async ({ url }, operator, token) => {
    const read = async (query: string): Promise<string> => {
      const response = await fetch(`${url}/api/v1/events/stream${query}`, { headers: bearer(token) });
      for (const [index, productId] of ["OTHER12345", "ABCDE12345"].entries()) {
        operator.change({ kind: "plan", planId: 7 + index, productId });
        operator.change({ kind: "package", packageId: 3 + index, productId });
      }
      operator.change({ kind: "presence" });
      operator.change({ kind: "health" });
      const text = await readUntil(response, /event: health/);
      return text.replace(": open\n\n", "").replace(/\n/g, " ").replace(/ {2}/g, "|");
    };
    const rest = "event: presence data: {}|event: health data: {}|";
    const other =
      'event: plan data: {"planId":7,"productId":"OTHER12345"}|event: package data: {"packageId":3,"productId":"OTHER12345"}|';
    const own =
      'event: plan data: {"planId":8,"productId":"ABCDE12345"}|event: package data: {"packageId":4,"productId":"ABCDE12345"}|';
    assert.equal(await read("?product=ABCDE12345"), own + rest);
    await until("end of the stream", () => operator.listeners.size === 0);
    assert.equal(await read(""), other + own + rest);
  });
});

test("a reader that reads nothing is cut by changes too, and leaves nothing behind", async () => {
  await served({ streamBufferBytes: 20_000 }, async ({ url, api }, operator, token) => {
    const slow = connect(Number(new URL(url).port), "127.0.0.1");
    slow.pause();
    slow.on("error", () => {});
    slow.write(`GET /api/v1/events/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await until("stream", () => api.streams.count === 1);
    const closed = new Promise((resolve) => slow.once("close", resolve));
    for (let planId = 1; api.streams.count === 1; ) {
      assert.ok(planId < 10_000_000, "the slow reader was not cut");
      for (let count = 0; count < 1000; count++)
        operator.change({ kind: "plan", planId: planId++, productId: "ABCDE12345" });
      operator.change({ kind: "presence" });
      operator.change({ kind: "health" });
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(operator.listeners.size, 0);
    slow.resume();
    await closed;
  });
});

test("a reader that reads nothing is cut, and the others go on", async () => {
  await served({ streamBufferBytes: 20_000 }, async ({ url, api }, operator, token) => {
    const slow = connect(Number(new URL(url).port), "127.0.0.1");
    slow.pause();
    slow.on("error", () => {});
    slow.write(`GET /api/v1/events/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await until("stream", () => api.streams.count === 1);
    const closed = new Promise((resolve) => slow.once("close", resolve));
    for (let count = 0; api.streams.count === 1; count++) {
      assert.ok(count < 100_000, "the slow reader was not cut");
      operator.event({ detail: { text: "a".repeat(900) } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    slow.resume();
    await closed;
    const response = await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) });
    operator.event({ kind: "later" });
    assert.match(await readUntil(response, /later/), /later/);
  });
});

test("there are no more streams than the limit", async () => {
  await served({ streamLimit: 1 }, async ({ url }, _operator, token) => {
    const first = await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) });
    const second = await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) });
    assert.equal(second.status, 503);
    assert.equal(second.headers.get("Retry-After"), "5");
    await first.body?.cancel();
  });
});

test("a stream ends at the next heartbeat after its token was revoked", async () => {
  await served({ heartbeatMs: 10 }, async ({ url }, operator, token) => {
    const response = await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) });
    await operator.revokeToken(operator.tokenList[0]!.id, { name: "test", origin: "local" });
    assert.match(await response.text(), /^: open\n\n(: alive\n\n)+$/);
  });
});

test("closing ends the streams in order", async () => {
  let text: Promise<string> | undefined;
  await served({}, async ({ url }, _operator, token) => {
    text = (await fetch(`${url}/api/v1/events/stream`, { headers: bearer(token) })).text();
  });
  assert.equal(await text, ": open\n\n");
});

test("a head that is too long is refused", async () => {
  await served({}, async ({ url }, _operator, token) => {
    const headers = { ...bearer(token), "X-Long": "a".repeat(20_000) };
    const status = await fetch(`${url}/api/v1/health`, { headers }).then(
      (response) => response.status,
      () => 431,
    );
    assert.equal(status, 431);
  });
});

/** Sends bytes as they are. @returns all that comes back until the connection ends */
function exchange(url: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.once("close", () => resolve(text));
    socket.end(bytes);
  });
}

test("a request that is none gets an answer or its connection is ended, and the cloud lives", async () => {
  await served({}, async ({ url }, _operator, token) => {
    for (const head of [
      "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
      "GET /%zz%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET /api/v1/devices/%E0%A4%A HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "POST /api/v1/plans HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
      "\u0016\u0003\u0001",
    ]) {
      const answer = await exchange(url, head);
      if (answer !== "") assert.match(answer, /^HTTP\/1\.1 4[0-9][0-9] /, head);
    }
    assert.equal((await fetch(`${url}/api/v1/health`, { headers: bearer(token) })).status, 200);
  });
});

test("an upload that breaks off reaches the operator as an error of its stream", async () => {
  await served({}, async ({ url }, operator, token) => {
    const broken = new Promise<string>((resolve) => {
      operator.addPackage = async (_request, content) => {
        try {
          for await (const _chunk of content);
          resolve("whole");
        } catch (error) {
          resolve((error as Error).name);
        }
        throw new Error("no package");
      };
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      `POST /api/v1/packages?product=ABCDE12345&version=1&fileName=a.bin HTTP/1.1\r\nHost: a\r\n` +
        `Authorization: Bearer ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nhalf`,
    );
    setTimeout(() => socket.destroy(), 50);
    assert.notEqual(await broken, "whole");
    assert.equal((await fetch(`${url}/api/v1/health`, { headers: bearer(token) })).status, 200);
  });
});
