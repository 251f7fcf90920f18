import assert from "node:assert/strict";
import { test } from "node:test";
import { createTimeModule, createTimerModule } from "../../../hal/boards/sim/timers.js";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";

test("a timer fires once, not before its time and never from inside set", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setImmediate"] });
  const timers = createTimerModule(new Power());
  let fired = 0;
  timers.set(() => fired++, 100);
  assert.equal(fired, 0);
  context.mock.timers.tick(99);
  assert.equal(fired, 0);
  context.mock.timers.tick(1);
  assert.equal(fired, 1);
  context.mock.timers.tick(1000);
  assert.equal(fired, 1);
});

test("a delay of 0 or less is the next turn of the event loop", async () => {
  const timers = createTimerModule(new Power());
  const order: string[] = [];
  const fired = new Promise<void>((resolve) => {
    timers.set(() => order.push("zero"), 0);
    timers.set(() => {
      order.push("negative");
      resolve();
    }, -5);
  });
  await Promise.resolve();
  order.push("same turn");
  await fired;
  assert.deepEqual(order, ["same turn", "zero", "negative"]);
});

test("a cleared timer does not fire, whatever its delay, and may be cleared again", async () => {
  const timers = createTimerModule(new Power());
  const ids = [0, 1, 5].map((delay) => timers.set(() => assert.fail(`fired after ${delay}`), delay));
  for (const id of ids) timers.clear(id);
  for (const id of ids) timers.clear(id);
  await new Promise<void>((resolve) => timers.set(resolve, 10));
});

test("a timer may clear itself and others from its callback", async () => {
  const timers = createTimerModule(new Power());
  const ids: unknown[] = [];
  let fired = 0;
  ids.push(
    timers.set(() => {
      fired++;
      for (const id of ids) timers.clear(id);
    }, 0),
  );
  ids.push(timers.set(() => assert.fail("fired"), 0));
  await new Promise<void>((resolve) => timers.set(resolve, 1));
  assert.equal(fired, 1);
});

test("no timer fires after the power is cut, and none can be set", async () => {
  const power = new Power();
  const timers = createTimerModule(power);
  for (const delay of [0, 1, 3]) timers.set(() => assert.fail("fired without power"), delay);
  power.cut();
  assert.throws(() => timers.set(() => {}, 0), PowerLost);
  const others = createTimerModule(new Power());
  await new Promise<void>((resolve) => others.set(resolve, 10));
});

test("a cut from inside a timer silences the ones that are due in the same turn", async () => {
  const power = new Power();
  const timers = createTimerModule(power);
  timers.set(() => power.cut(), 0);
  timers.set(() => assert.fail("fired without power"), 0);
  await new Promise<void>((resolve) => createTimerModule(new Power()).set(resolve, 1));
  assert.equal(power.on, false);
});

test("a delay that is longer than the host can wait does not become 0", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const timers = createTimerModule(new Power());
  let fired = 0;
  timers.set(() => fired++, 0x80000000);
  context.mock.timers.tick(0x7ffffffe);
  assert.equal(fired, 0);
});

test("ticks are whole milliseconds in 32 bits that go forward and wrap", (context) => {
  let at = 5_000_000_000_000_000_000n;
  context.mock.method(process.hrtime, "bigint", () => at);
  const time = createTimeModule();
  assert.equal(time.ticks, 0);
  at += 1_999_999n;
  assert.equal(time.ticks, 1);
  at += 2n ** 31n * 1_000_000n;
  assert.equal(time.ticks, (1 + 2 ** 31) | 0);
});
