import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { HookServer } from "../../../../cloud/hooks/server.js";
import { openHooks } from "../../../../cloud/hooks/open.js";
import { credentialsOf } from "../../../support/device-credentials.js";
import { PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { CLIENT, HOOK_SECRET, withHooks } from "./hook-bed.js";

const JSON_HEADERS = { "Content-Type": "application/json" };

/** A gatekeeper that a test answers for. */
function slowGatekeeper(): {
  connect(): Promise<never>;
  use(): Promise<never>;
  asked: number;
  fail(error: Error): void;
} {
  const waiting: ((error: Error) => void)[] = [];
  const ask = (): Promise<never> => {
    gatekeeper.asked++;
    return new Promise((_resolve, reject) => waiting.push(reject));
  };
  const gatekeeper = {
    asked: 0,
    connect: ask,
    use: ask,
    fail: (error: Error) => {
      for (const reject of waiting.splice(0)) reject(error);
    },
  };
  return gatekeeper;
}

test("without the secret nobody is answered, and a guesser soon not even with 401", () =>
  withHooks(async ({ call, problems }) => {
    const body = JSON.stringify({ ...credentialsOf(CLIENT, SECRET), clientid: CLIENT });
    const ask = async (secret: string | undefined): Promise<number> =>
      (await call("/hooks/mqtt/auth", { method: "POST", headers: JSON_HEADERS, body }, { secret })).status;
    assert.equal(await ask(HOOK_SECRET), 200);
    assert.equal(await ask(undefined), 401);
    assert.equal(await ask(`${HOOK_SECRET}x`), 401);
    assert.ok(problems.every((line) => !line.includes(HOOK_SECRET)));
    for (let count = 2; count < 20; count++) assert.equal(await ask("wrong"), 401);
    assert.equal(await ask("wrong"), 429);
    assert.equal(await ask(HOOK_SECRET), 200);
  }));

test("the secret may also be the password of Basic, for a broker that has it in a URL", () =>
  withHooks(async ({ call }) => {
    const shown = (text: string): RequestInit => ({
      headers: { Authorization: `Basic ${Buffer.from(text).toString("base64")}` },
    });
    assert.equal((await call("/metrics", shown(`broker:${HOOK_SECRET}`))).status, 200);
    assert.equal((await call("/metrics", shown(`${HOOK_SECRET}:broker`))).status, 401);
  }));

test("hooks that are open on purpose ask for no secret", () =>
  withHooks(
    async ({ call }) => {
      assert.equal((await call("/hooks/mqtt/presence", {}, { secret: undefined })).status, 200);
    },
    { open: true },
  ));

test("what is wrong with a call is said by its status, and never decided as a refusal of the device", () =>
  withHooks(async ({ call }) => {
    const post = async (body: string, headers: { [name: string]: string } = JSON_HEADERS): Promise<number> =>
      (await call("/hooks/mqtt/auth", { method: "POST", headers, body })).status;
    assert.equal(await post("{"), 400);
    assert.equal(await post("[]"), 400);
    assert.equal(await post("{}"), 400);
    assert.equal(await post("clientid=x", { "Content-Type": "text/plain" }), 415);
    assert.equal(await post(JSON.stringify({ clientid: "x".repeat(20_000) })), 413);
    assert.equal((await call("/hooks/mqtt/auth?answer=xml")).status, 400);
    assert.equal((await call("/hooks/mqtt/acl?clientid=x&topic=y")).status, 400);
    assert.equal((await call("/hooks/other")).status, 404);
  }));

test("who guesses a device's password fills no log, and shuts nobody out, not even at the same address", () =>
  withHooks(
    async ({ json, problems }) => {
      const right = { ...credentialsOf(CLIENT, SECRET), clientid: CLIENT };
      const ask = async (peerhost: string, password = right.password): Promise<string> =>
        ((await json("/hooks/mqtt/auth", { ...right, peerhost, password })) as { result: string }).result;
      for (let count = 0; count < 5; count++) assert.equal(await ask("192.0.2.1", "wrong"), "deny");
      assert.equal(problems.length, 3);
      assert.equal(await ask("192.0.2.1"), "allow");
      assert.equal(await ask("192.0.2.2", "wrong"), "deny");
      assert.equal(problems.length, 4);
    },
    { refusalsPerMinute: 3 },
  ));

test("a decision that takes too long, or fails, is answered with 503 before the broker gives up", async () => {
  const gatekeeper = slowGatekeeper();
  await withHooks(
    async ({ call, problems }) => {
      const ask = (): Promise<{ status: number }> => call(`/hooks/mqtt/acl?clientid=${CLIENT}&action=publish&topic=a`);
      assert.equal((await ask()).status, 503);
      assert.match(problems.at(-1) ?? "", /not decided within 20 ms/);
      gatekeeper.fail(new Error("no connection to the database"));
      const failing = ask();
      const timer = setInterval(() => gatekeeper.fail(new Error("no connection to the database")), 1);
      assert.equal((await failing).status, 503);
      clearInterval(timer);
    },
    { gatekeeper, decisionMs: 20 },
  );
});

test("calls beyond the limit are answered with 503 at once", async () => {
  const gatekeeper = slowGatekeeper();
  await withHooks(
    async ({ call }) => {
      const ask = async (): Promise<number> =>
        (await call(`/hooks/mqtt/acl?clientid=${CLIENT}&action=publish&topic=a`)).status;
      const first = [ask(), ask()];
      while (gatekeeper.asked < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(await ask(), 503);
      assert.equal(gatekeeper.asked, 2);
      gatekeeper.fail(new Error("over"));
      assert.deepEqual(await Promise.all(first), [503, 503]);
    },
    { gatekeeper, callLimit: 2, decisionMs: 60_000 },
  );
});

test("health needs no secret and names nothing but codes; metrics need it", () =>
  withHooks(async (hooks) => {
    const open = { secret: undefined };
    assert.deepEqual(JSON.parse((await hooks.call("/healthz", {}, open)).text), { live: true });
    assert.deepEqual(JSON.parse((await hooks.call("/readyz", {}, open)).text), { ready: true, problems: [] });
    hooks.ready = ["broker", "storage-full"];
    const notReady = await hooks.call("/readyz?verbose", {}, open);
    assert.equal(notReady.status, 503);
    assert.deepEqual(JSON.parse(notReady.text), { ready: false, problems: ["broker", "storage-full"] });
    assert.equal((await hooks.call("/healthz", {}, open)).status, 200);
    assert.equal((await hooks.call("/metrics", {}, open)).status, 401);
    await hooks.call(`/hooks/mqtt/acl?clientid=${CLIENT}&action=publish&topic=a`);
    const { text } = await hooks.call("/metrics");
    assert.match(text, /^ota_hook_calls_total\{hook="acl",result="deny"\} 1$/m);
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
  }));

test("a secret that is too short is refused at the start", async () => {
  const platform = { prove: async () => undefined, mayUse: async () => false };
  const settings = { port: 0, secret: "short" };
  await assert.rejects(openHooks({ settings, platform, readiness: () => [] }), /less than 16 characters/);
});

test("the end waits for the calls that run", async () => {
  const gatekeeper = slowGatekeeper();
  const server = new HookServer({ gatekeeper, readiness: () => [] });
  const port = await server.listen("127.0.0.1", 0);
  const asked = fetch(`http://127.0.0.1:${port}/hooks/mqtt/acl?clientid=${PRODUCT}a&action=publish&topic=a`);
  while (gatekeeper.asked === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const closed = server.close();
  gatekeeper.fail(new Error("over"));
  assert.equal((await asked).status, 503);
  await closed;
});

test("bytes that are no HTTP end their connection, and nothing else", () =>
  withHooks(async ({ server, call }) => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.end("\x10\x00no http\r\n\r\n"));
      socket.once("close", () => resolve());
      socket.once("error", reject);
      socket.resume();
    });
    assert.equal((await call("/metrics")).status, 200);
  }));
