import assert from "node:assert/strict";
import { test } from "node:test";
import { XsWorker, type XsWorkerOptions } from "../../../hal/boards/xs/worker.js";
import { workerBinary } from "../../support/engines.js";
import { fakeWorker } from "../../support/fake-worker.js";

const NO_CALL = (): Uint8Array => assert.fail("a call");

/** Bytes to and from text inside the engine. */
const HELPERS = `
  const text = (bytes) => new TextDecoder().decode(new Uint8Array(bytes));
  const bytes = (text) => new TextEncoder().encode(text).buffer;`;

async function withWorker(options: Partial<XsWorkerOptions>, body: (worker: XsWorker) => Promise<void>): Promise<void> {
  const binary = options.binary ?? workerBinary();
  const worker = new XsWorker({ onCall: NO_CALL, ...options, binary });
  try {
    await body(worker);
  } finally {
    worker.kill();
  }
}

test("commands run in order, one at a time, and each gets its own reply", () =>
  withWorker({}, async (worker) => {
    await worker.evaluate(
      `${HELPERS} let count = 0; globalThis.handleCommand = (m) => bytes(text(m) + ++count); undefined`,
    );
    const replies = await Promise.all(["a", "b", "c"].map((text) => worker.command(() => Buffer.from(text))));
    assert.deepEqual(replies.map(String), ["a1", "b2", "c3"]);
  }));

test("a command's message is made when its turn comes, and dropped if it is none", () =>
  withWorker({}, async (worker) => {
    await worker.evaluate(`globalThis.handleCommand = (m) => m; undefined`);
    let value = "early";
    const first = worker.command(() => Buffer.from("first"));
    const second = worker.command(() => Buffer.from(value));
    const none = worker.command(() => undefined);
    value = "late";
    assert.deepEqual((await Promise.all([first, second, none])).map(String), ["first", "late", ""]);
  }));

test("what a command throws is its error, and the next command works", () =>
  withWorker({}, async (worker) => {
    await assert.rejects(worker.evaluate(`throw new TypeError("boo")`), { message: "TypeError: boo" });
    await worker.evaluate(`globalThis.handleCommand = () => { throw new Error("no ü") }; undefined`);
    await assert.rejects(
      worker.command(() => Buffer.from("x")),
      { message: "Error: no ü" },
    );
    assert.equal(String(await worker.evaluate(`${HELPERS} bytes("alive")`)), "alive");
  }));

test("the engine waits for the host's answer to each call, also inside a call's command", async () => {
  const calls: string[] = [];
  const onCall = (message: Buffer): Buffer => {
    calls.push(message.toString());
    return Buffer.from(`<${message}>`);
  };
  await withWorker({ onCall }, async (worker) => {
    await worker.evaluate(`${HELPERS}
      globalThis.handleCommand = (m) => {
        const ask = (depth) => depth === 0 ? text(m) : text(issueCommand(bytes(ask(depth - 1))));
        return bytes(ask(3));
      };
      undefined`);
    assert.equal(String(await worker.command(() => Buffer.from("x"))), "<<<x>>>");
  });
  assert.deepEqual(calls, ["x", "<x>", "<<x>>"]);
});

test("a command that a call gives rise to comes after the one under way", async () => {
  const story: string[] = [];
  let worker: XsWorker | undefined;
  const onCall = (message: Buffer): Buffer => {
    story.push(`call ${message}`);
    void worker?.command(() => Buffer.from("later")).then((reply) => story.push(`reply ${reply}`));
    return Buffer.alloc(0);
  };
  await withWorker({ onCall }, async (created) => {
    worker = created;
    await worker.evaluate(`${HELPERS}
      globalThis.handleCommand = (m) => { if (text(m) === "now") { issueCommand(bytes("1")); issueCommand(bytes("2")); } return m; };
      undefined`);
    story.push(`reply ${await worker.command(() => Buffer.from("now"))}`);
    await worker.command(() => Buffer.from("end"));
  });
  assert.deepEqual(story, ["call 1", "call 2", "reply now", "reply later", "reply later"]);
});

test("messages of a megabyte pass both ways", async () => {
  const big = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  await withWorker({ onCall: (message) => message }, async (worker) => {
    await worker.evaluate(`globalThis.handleCommand = (m) => issueCommand(m); undefined`);
    assert.ok((await worker.command(() => big)).equals(big));
  });
});

test("the engine's own count is reported after each command", async () => {
  const counts: number[] = [];
  const onMeter = (json: string): void => void counts.push((JSON.parse(json) as { compute: number }).compute);
  await withWorker({ onMeter }, async (worker) => {
    for (const turns of [10, 1000]) await worker.evaluate(`for (let i = 0; i < ${turns}; i++); undefined`);
  });
  assert.ok(counts.length === 2 && counts[1]! > counts[0]! * 10, counts.join());
});

test("an engine that computes without end dies with that reason", () =>
  withWorker({ args: ["vm", "-l", "1000000"] }, (worker) =>
    assert.rejects(worker.evaluate("for (;;);"), { message: "the XS worker died: too much computation" }),
  ));

for (const [code, reason] of [
  [11, "out of memory"],
  [12, "stack overflow"],
  [0, "it ended"],
  [99, "exit code 99"],
] as const) {
  test(`exit code ${code} is reported as: ${reason}`, () =>
    withWorker(fakeWorker(`heard = () => process.exit(${code})`), (worker) =>
      assert.rejects(worker.evaluate("1"), { message: `the XS worker died: ${reason}` }),
    ));
}

test("a worker that dies fails what waits, with what it printed, and what comes later", () =>
  withWorker(fakeWorker(`heard = () => { console.error("last words"); process.exit(3); }`), async (worker) => {
    const first = assert.rejects(worker.evaluate("1"), { message: "the XS worker died: exit code 3\nlast words" });
    const second = assert.rejects(
      worker.command(() => Buffer.from("x")),
      /exit code 3/,
    );
    await Promise.all([first, second]);
    await assert.rejects(worker.evaluate("2"), /exit code 3/);
  }));

test("the error of a worker that a signal ends names the signal", () =>
  withWorker(fakeWorker(`process.kill(process.pid, "SIGSEGV")`), (worker) =>
    assert.rejects(worker.evaluate("1"), { message: "the XS worker died: killed by SIGSEGV" }),
  ));

test("a program that is not there is an error, not an exception", () =>
  withWorker({ binary: "/nowhere/xsnap-worker" }, (worker) =>
    assert.rejects(worker.evaluate("1"), /^Error: the XS worker cannot be started: .*ENOENT/),
  ));

for (const [what, said, reason] of [
  ["says what is no netstring", "hello", "netstring without a length"],
  ["says what is no message", "1:x,", "message of kind 120"],
  ["replies to nothing", "3:.{},3:.{},", "reply to no command"],
] as const) {
  test(`a worker that ${what} is ended`, () =>
    withWorker(fakeWorker(`heard = () => { say(${JSON.stringify(said)}) }`), async (worker) => {
      const first = worker.evaluate("1").catch((error: Error) => error.message);
      const second = await first;
      const later = await worker.evaluate("2").catch((error: Error) => error.message);
      assert.equal(typeof second === "string" ? second : later, `the XS worker breaks its protocol: ${reason}`);
    }));
}

test("once killed nothing is called, and what waits fails", async () => {
  const calls: string[] = [];
  let worker: XsWorker | undefined;
  const onCall = (message: Buffer): Buffer => {
    calls.push(message.toString());
    worker?.kill();
    return Buffer.alloc(0);
  };
  await withWorker({ onCall }, async (created) => {
    worker = created;
    const running = worker.evaluate(`${HELPERS} for (;;) issueCommand(bytes("x"))`);
    const waiting = worker.command(() => assert.fail("made"));
    for (const command of [running, waiting]) await assert.rejects(command, { name: "WorkerKilled" });
    await assert.rejects(worker.evaluate("1"), { name: "WorkerKilled" });
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  assert.deepEqual(calls, ["x"]);
});
