import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedBoard } from "../../../hal/boards/sim/board.js";
import { factoryFlash } from "../../../hal/boards/sim/state-dir.js";
import { createXsFirmware, type XsFirmwareOptions } from "../../../hal/boards/xs/main.js";
import { loaderSource } from "../../../hal/boards/xs/loader.js";
import { XsWorker } from "../../../hal/boards/xs/worker.js";
import { imageOf } from "../../support/test-bed.js";
import { testOnXs, workerBinary } from "../../support/engines.js";
import { fakeWorker } from "../../support/fake-worker.js";
import { CollectedLog } from "../../support/log.js";
import { TestPlatform } from "../../support/test-platform.js";
import { assertSameBytes } from "../../support/same-bytes.js";

const CONFIG: XsFirmwareOptions["config"] = {
  identity: {
    productId: "ABCDE12345",
    deviceName: "board_01",
    authentication: { mode: "KEY", deviceSecret: "MDEyMw==" },
  },
  broker: { url: "mqtt://127.0.0.1:1" },
};

type Modules = Parameters<ReturnType<typeof createXsFirmware>>[0];

/** Boots a board, and comes back with its first lines of log. @throws Error the one it died of */
async function boot(
  options: Partial<XsFirmwareOptions>,
  change: (modules: Modules) => Modules = (same) => same,
): Promise<string[]> {
  const logged = new CollectedLog();
  let board: SimulatedBoard | undefined;
  return new Promise<string[]>((resolve, reject) => {
    const firmware = createXsFirmware({
      worker: { binary: workerBinary() },
      config: CONFIG,
      log: (...line) => {
        logged.log(...line);
        setTimeout(() => resolve(logged.lines), 50);
      },
      onCrash: reject,
      ...options,
    });
    board = new SimulatedBoard({
      flash: factoryFlash(imageOf("0.1.0", 4096)),
      firmware: (modules, power) => firmware(change(modules), power),
      onDead: reject,
    });
    board.powerOn();
  }).finally(() => board?.cutPower());
}

/** Loads a module as the agent is loaded. @returns what its `handleCommand` returns */
async function ask(module: string): Promise<string> {
  const worker = new XsWorker({ binary: workerBinary(), onCall: () => Buffer.alloc(0) });
  try {
    await worker.evaluate(loaderSource({ main: module, other: "export const other = 42;" }, "main"));
    return String(await worker.command(() => Buffer.alloc(0)));
  } finally {
    worker.kill();
  }
}

const ANSWERS = (expression: string): string => `
  import { other } from "other";
  const bytes = (text) => Uint8Array.from(String(text), (unit) => unit.charCodeAt(0)).buffer;
  const failure = (action) => { try { action(); return "no failure"; } catch (error) { return error.name; } };
  export const handleCommand = () => bytes(${expression});`;

testOnXs("all that is built in is frozen before the modules run, as on the chip", async () => {
  for (const what of [
    "Array.prototype",
    "(class extends Error {}).__proto__.prototype",
    "Math",
    "Promise",
    "Uint8Array.prototype.__proto__",
    "[].values().__proto__",
    "(function* () {}).__proto__",
    "(async () => {}).__proto__",
  ]) {
    assert.equal(await ask(ANSWERS(`Object.isFrozen(${what})`)), "true", what);
  }
  assert.equal(await ask(ANSWERS(`failure(() => { new Error().name = "x" })`)), "TypeError");
});

testOnXs("modules import each other, and see nothing of the engine's process but the host call", async () => {
  assert.equal(await ask(ANSWERS("other")), "42");
  const names = ["print", "setImmediate", "TextEncoder", "Base64", "performance", "harden"];
  assert.equal(
    await ask(ANSWERS(`[${names.map((name) => `typeof ${name}`).join()}].filter((type) => type !== "undefined")`)),
    "",
  );
  assert.equal(await ask(ANSWERS("typeof issueCommand")), "function");
});

test("an engine that ends by itself is reported with its reason, and leaves the board without power", async () => {
  let modules: Modules | undefined;
  let board: SimulatedBoard | undefined;
  const error = await new Promise<Error>((resolve, reject) => {
    const worker = fakeWorker(`heard = () => { console.error("XS abort: memory full"); process.exit(11); }`);
    const firmware = createXsFirmware({ worker, config: CONFIG, log: () => {}, onCrash: resolve });
    board = new SimulatedBoard({
      flash: factoryFlash(imageOf("0.1.0", 4096)),
      firmware: (given, power) => firmware((modules = given), power),
      onDead: reject,
    });
    board.powerOn();
  });
  assert.equal(error.message, "the XS worker died: out of memory\nXS abort: memory full");
  assert.throws(() => modules?.platform.randomFill(new Uint8Array(1)), { name: "PowerLost" });
});

testOnXs("a setting that the agent refuses is reported in the agent's words", async () => {
  const config = { ...CONFIG, version: "not a version" };
  await assert.rejects(boot({ config }), { message: "OtaError: version is not 1 to 32 of [A-Za-z0-9._-]" });
});

testOnXs("lines that nobody wants are not made in the engine", async () => {
  assert.match((await boot({})).join("\n"), /^debug mqtt connecting/m);
  const lines = await boot({ logLevel: "warn" });
  assert.ok(lines.length > 0 && lines.every((line) => /^(warn|error) /.test(line)), lines.join("\n"));
});

testOnXs("a board without a digest of its own has none in the engine either", async () => {
  const platform = new TestPlatform();
  await platform.start();
  try {
    const config = { ...CONFIG, broker: { url: platform.url } };
    const lines = await boot({ config, logLevel: "warn" }, (modules) => ({ ...modules, Digest: undefined }));
    assert.match(lines.join("\n"), /no SHA-256/);
  } finally {
    await platform.stop();
  }
});

testOnXs("a power cut ends the engine at once, and nothing comes from it any more", async () => {
  const logged = new CollectedLog();
  const flash = factoryFlash(imageOf("0.1.0", 4096));
  const firmware = createXsFirmware({
    worker: { binary: workerBinary() },
    config: CONFIG,
    log: logged.log,
    onAgent: () => setImmediate(() => board.cutPower()),
    onCrash: (error) => logged.lines.push(error.message),
  });
  const board = new SimulatedBoard({ flash, firmware, onDead: (error) => logged.lines.push(error.message) });
  board.powerOn();
  for (let boots = 0; boots < 3; boots++) {
    await new Promise((resolve) => setTimeout(resolve, 5 + 60 * boots));
    board.cutPower();
    board.powerOn();
  }
  board.cutPower();
  const lines = logged.lines.length;
  const before = flash.slice(0, flash.byteLength);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(logged.lines.length, lines, logged.lines.join("\n"));
  assertSameBytes(flash.slice(0, flash.byteLength), before);
});
