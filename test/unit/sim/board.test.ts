import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { SimulatedBoard } from "../../../hal/boards/sim/board.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { PowerLost } from "../../../hal/boards/sim/power.js";
import type { BoardModules } from "../../../hal/ecma419/modules.js";
import { Loopback, settle, until } from "../../support/loopback.js";
import { bytesOf, FailingMedium } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { smallFlash, spoilImage } from "../../support/small-flash.js";

const boards: SimulatedBoard[] = [];
afterEach(() => {
  for (const board of boards.splice(0)) board.cutPower();
});

test("powered on, it boots an image and hands every module to the firmware", () => {
  const { board, boots, modules, dead } = boardOf(smallFlash("1", "2"));
  assert.equal(board.running, false);
  board.powerOn();
  assert.equal(board.running, true);
  assert.deepEqual(boots, ["ota_0"]);
  assert.deepEqual(dead, []);
  const { flash, keyValue, TCP, TLS, Timer, Time, Digest, platform } = modules();
  for (const part of [flash, keyValue, TCP, TLS, Timer, Time, Digest, platform]) assert.ok(part !== undefined);
  assert.equal(platform.boot.runningSlot(), "ota_0");
  assert.equal(flash.open({ path: "nextota" }).status().size, 0x10000);
});

test("power on twice is one boot", () => {
  const { board, boots } = boardOf(smallFlash("1"));
  board.powerOn();
  board.powerOn();
  assert.deepEqual(boots, ["ota_0"]);
});

test("the native digest gives what the SDK's gives", () => {
  const { board, modules } = boardOf(smallFlash("1"));
  board.powerOn();
  const { Digest } = modules();
  if (Digest === undefined) throw new assert.AssertionError({ message: "no native digest" });
  const digest = new Digest("MD5");
  digest.write(Buffer.from("a"));
  digest.write(Buffer.from("bc"));
  assert.equal(Buffer.from(digest.close()).toString("hex"), "900150983cd24fb0d6963f7d28e17f72");
});

test("a restart ends the old boot at once and begins the next in a turn of its own", async () => {
  const { board, boots, modules } = boardOf(smallFlash("1", "2"));
  board.powerOn();
  const old = modules();
  old.platform.boot.setPending();
  old.platform.boot.restart();
  assert.equal(board.running, true, "on its way");
  assert.deepEqual(boots, ["ota_0"]);
  assertDead(old);
  await until("boot", () => boots.length === 2);
  assert.deepEqual(boots, ["ota_0", "ota_1"]);
  assert.equal(modules().platform.boot.imageState("ota_1"), "pending-verify");
  assertDead(old);
});

test("timers and sockets of the old boot call nothing after a restart, those of the new one do", async () => {
  const loopback = await Loopback.start();
  const { board, boots, modules } = boardOf(smallFlash("1"));
  board.powerOn();
  const heard: string[] = [];
  const listen = (who: string): void => {
    const { Timer, TCP } = modules();
    Timer.set(() => heard.push(`${who} timer`), 0);
    Timer.set(() => heard.push(`${who} timer`), 20);
    new TCP({
      address: "127.0.0.1",
      port: loopback.port,
      onReadable: () => heard.push(`${who} readable`),
      onWritable: () => heard.push(`${who} writable`),
      onError: () => heard.push(`${who} error`),
    });
  };
  listen("old");
  await until("connection", () => heard.includes("old writable"));
  heard.length = 0;
  modules().platform.boot.restart();
  await until("boot", () => boots.length === 2);
  listen("new");
  const [first, second] = [await loopback.peer(0), await loopback.peer(1)];
  await until("end of the old connection", () => first.ended || first.closed);
  await second.send(Buffer.from("x"));
  await until(
    "everything",
    () => ["new writable", "new readable"].every((what) => heard.includes(what)) && heard.length >= 4,
  );
  await settle();
  assert.deepEqual(
    heard.filter((what) => what.startsWith("old")),
    [],
  );
  await loopback.stop();
});

test("a power cut is like a restart, but nothing boots until power is back", async () => {
  const { board, boots, modules } = boardOf(smallFlash("1", "2"));
  board.powerOn();
  const old = modules();
  board.cutPower();
  assert.equal(board.running, false);
  assertDead(old);
  board.cutPower();
  await settle();
  assert.deepEqual(boots, ["ota_0"]);
  board.powerOn();
  assert.deepEqual(boots, ["ota_0", "ota_0"]);
  assertDead(old);
});

test("a power cut while a restart is about to happen stops it", async () => {
  const { board, boots, modules } = boardOf(smallFlash("1"));
  board.powerOn();
  modules().platform.boot.restart();
  board.cutPower();
  await settle();
  assert.deepEqual(boots, ["ota_0"]);
  assert.equal(board.running, false);
});

test("power back before the restart was due is one boot, not two", async () => {
  const { board, boots, modules } = boardOf(smallFlash("1"));
  board.powerOn();
  modules().platform.boot.restart();
  board.cutPower();
  board.powerOn();
  await settle();
  assert.deepEqual(boots, ["ota_0", "ota_0"]);
  modules().platform.boot.runningSlot();
});

test("firmware that restarts at once boots again, on and on, without growing the stack", async () => {
  const boots: string[] = [];
  const board = new SimulatedBoard({
    flash: smallFlash("1"),
    firmware: ({ platform }) => {
      if (boots.length < 50) platform.boot.restart();
    },
    onBoot: ({ label }) => boots.push(label),
    onDead: (error) => assert.fail(error),
  });
  boards.push(board);
  board.powerOn();
  await until("boots", () => boots.length === 50);
});

test("firmware that throws leaves the board without power", () => {
  const { board, modules, dead } = boardOf(smallFlash("1"), () => {
    throw new Error("no start");
  });
  board.powerOn();
  assert.deepEqual(
    dead.map(({ message }) => message),
    ["no start"],
  );
  assert.equal(board.running, false);
  assertDead(modules());
});

test("a power cut inside the firmware's start is no failure of the firmware", () => {
  const { board, dead } = boardOf(smallFlash("1"), ({ keyValue }) => {
    boards.at(-1)?.cutPower();
    keyValue.open({ path: "ota" });
  });
  board.powerOn();
  assert.deepEqual(dead, []);
  assert.equal(board.running, false);
});

test("without a bootable image the board does not start, and can be tried again", async () => {
  const flash = smallFlash("1", "2");
  const { board, boots, modules, dead } = boardOf(flash);
  board.powerOn();
  for (const slot of [0, 1]) spoilImage(flash, slot);
  modules().platform.boot.restart();
  await until("death", () => dead.length === 1);
  assert.match(String(dead[0]), /no slot holds a bootable image/);
  assert.equal(board.running, false);
  board.powerOn();
  assert.equal(dead.length, 2);
  assert.deepEqual(boots, ["ota_0"]);
});

test("a board whose flash fails while booting does not start", () => {
  const medium = new FailingMedium();
  const { board, dead } = boardOf(smallFlash("1", undefined, medium));
  medium.failAfter(0);
  board.powerOn();
  assert.deepEqual(
    dead.map(({ message }) => message),
    ["flash failed"],
  );
});

test("a board without power changes no byte of its flash", () => {
  const flash = smallFlash("1", "2");
  const { board, modules } = boardOf(flash);
  board.powerOn();
  const { keyValue, flash: module, platform } = modules();
  const store = keyValue.open({ path: "ota" });
  const target = module.open({ path: "nextota" });
  const before = bytesOf(flash);
  board.cutPower();
  const calls = [
    () => store.write("job", Uint8Array.of(1)),
    () => store.delete("job"),
    () => target.eraseBlock(0, 1),
    () => target.write(new Uint8Array(16), 0x8000),
    () => platform.boot.setPending(),
    () => platform.boot.confirm(),
    () => platform.boot.forgetTarget(),
  ];
  for (const call of calls) assert.throws(call, PowerLost);
  assertSameBytes(bytesOf(flash), before);
});

interface TestBoard {
  readonly board: SimulatedBoard;
  readonly boots: string[];
  readonly dead: Error[];
  /** Modules of the newest boot. */
  modules(): BoardModules;
}

function boardOf(flash: NorFlash, firmware: (modules: BoardModules) => void = () => {}): TestBoard {
  const boots: string[] = [];
  const dead: Error[] = [];
  let newest: BoardModules | undefined;
  const board = new SimulatedBoard({
    flash,
    firmware: (modules) => {
      newest = modules;
      firmware(modules);
    },
    onBoot: ({ label }) => boots.push(label),
    onDead: (error) => dead.push(error),
  });
  boards.push(board);
  return { board, boots, dead, modules: () => newest as BoardModules };
}

function assertDead({ flash, keyValue, TCP, Timer, platform }: BoardModules): void {
  const calls = [
    () => flash.open({ path: "nextota" }),
    () => keyValue.open({ path: "ota" }),
    () => new TCP({ address: "127.0.0.1", port: 1 }),
    () => Timer.set(() => {}, 0),
    () => platform.boot.restart(),
    () => platform.boot.setPending(),
  ];
  for (const call of calls) assert.throws(call, PowerLost);
}
