import assert from "node:assert/strict";
import { test } from "node:test";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";

test("with power on, checks pass and actions run", () => {
  const power = new Power();
  let ran = 0;
  power.check();
  power.run(() => ran++);
  assert.equal(power.on, true);
  assert.equal(ran, 1);
});

test("with the power cut, checks throw each time and actions do not run", () => {
  const power = new Power();
  power.cut();
  assert.equal(power.on, false);
  for (let count = 0; count < 2; count++) assert.throws(() => power.check(), PowerLost);
  power.run(() => assert.fail("ran without power"));
});

test("an exception of an action under power is thrown on; one because the power went is not", () => {
  const power = new Power();
  const thrower = (): never => {
    throw new Error("mine");
  };
  assert.throws(() => power.run(thrower), /mine/);
  power.run(() => {
    power.cut();
    power.check();
  });
  assert.equal(power.on, false);
});

test("each listener is called once for a cut, in order, and finds the power off", () => {
  const power = new Power();
  const heard: string[] = [];
  power.onCut(() => heard.push(`first ${power.on}`));
  power.onCut(() => {
    heard.push("second");
    power.cut();
  });
  power.cut();
  power.cut();
  assert.deepEqual(heard, ["first false", "second"]);
});
