import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ecma419Clock } from "../../hal/ecma419/clock.js";
import { Ecma419Digests } from "../../hal/ecma419/digests.js";
import type { PlatformModule, TimerModule } from "../../hal/ecma419/modules.js";
import { PlatformVitals } from "../../hal/ecma419/vitals.js";
import { createMd5 } from "../../src/image/digest.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../support/digests.js";
import { SeededRandom } from "../support/seed.js";
import { SimDevice } from "../support/sim-device.js";
import { smallFlash } from "../support/small-flash.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { clockContract, digestContract, randomContract, vitalsContract } from "./system-contract.js";

clockContract("the simulated board's", () => {
  const device = new SimDevice(smallFlash("1"));
  return {
    clock: device.ports.clock,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 1)),
    knowsTime: true,
    stop: () => device.stop(),
  };
});

clockContract("the tests' own", () => {
  const clock = new VirtualClock();
  return { clock, pass: async (ms) => clock.advance(ms), knowsTime: false, stop: () => {} };
});

describe("clock: over ticks of 32 bits", () => {
  const timer: TimerModule = { set: () => 0, clear: () => {} };
  const { platform } = new SimDevice(smallFlash("1")).modules;

  test("it starts at the first call and goes on when the ticks wrap", () => {
    const Time = { ticks: 0x7fffff00 };
    const clock = new Ecma419Clock({ Time, Timer: timer, platform });
    const start = clock.now();
    let expected = start;
    for (const step of [0x80, 0x80, 1, 0x7fffffff, 0x7fffffff, 5]) {
      Time.ticks = (Time.ticks + step) | 0;
      expected += step;
      assert.equal(clock.now(), expected, `after ${step} more`);
    }
  });

  // Moddable's Linux and Mac targets: ticks are gettimeofday in milliseconds.
  test("if the ticks are the wall clock, setting it back or forth never moves the time back", () => {
    const Time = { ticks: 1_760_000_000_000 };
    const clock = new Ecma419Clock({ Time, Timer: timer, platform });
    let last = clock.now();
    const settings = [
      1_760_000_000_005,
      1_759_999_999_000,
      1_760_000_000_000,
      0,
      2 ** 31,
      2 ** 31 + 3e9,
      1_760_000_000_000,
    ];
    for (const set of settings) {
      Time.ticks = set;
      const now = clock.now();
      assert.ok(now >= last, `set to ${set}: ${last} to ${now}`);
      last = now;
    }
  });
});

const board = new SimDevice(smallFlash("1"));
digestContract("the board's own", (algorithm) => board.ports.digests.create(algorithm));
digestContract("spark-md5", (algorithm) => (algorithm === "MD5" ? createMd5(NO_DIGESTS) : undefined));
digestContract("the one the agent takes where the board has one", (algorithm) =>
  algorithm === "MD5" ? createMd5(board.ports.digests) : undefined,
);
digestContract("the tests' own", (algorithm) => NODE_DIGESTS.create(algorithm));
randomContract("the board's own", () => board.ports.random);
randomContract("the tests' own", () => new SeededRandom());

test("a board without native digests gives none", () => {
  for (const algorithm of ["MD5", "SHA-1", "SHA-256"] as const) {
    assert.equal(new Ecma419Digests({}).create(algorithm), undefined);
    assert.equal(NO_DIGESTS.create(algorithm), undefined);
  }
});

const measured: { batteryPercent: number | undefined; signalDbm: number | undefined } = {
  batteryPercent: undefined,
  signalDbm: undefined,
};
const surrounded = new SimDevice(smallFlash("1"), {
  batteryPercent: () => measured.batteryPercent,
  signalDbm: () => measured.signalDbm,
});
vitalsContract("the simulated board's", {
  vitals: surrounded.ports.vitals,
  measure: (batteryPercent, signalDbm) => Object.assign(measured, { batteryPercent, signalDbm }),
});

test("a board without sensors, or whose sensors throw, knows nothing of its condition", () => {
  const broken = (): number => {
    throw new Error("ESP_FAIL");
  };
  for (const platform of [{}, { batteryPercent: broken, signalDbm: broken }] as PlatformModule[]) {
    const vitals = new PlatformVitals({ platform });
    assert.deepEqual([vitals.batteryPercent(), vitals.signalDbm()], [undefined, undefined]);
  }
});
