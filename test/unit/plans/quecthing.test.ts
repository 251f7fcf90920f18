import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Plan } from "../../../src/plans/plan.js";
import type { Requirements } from "../../../src/protocol/requirements.js";
import type { Offer } from "../../../src/protocol/messages.js";
import { Planning, type PlanningOptions } from "../../support/planning.js";

/*
 * What QuecThing's plans, events, timers and strategies mean to a device, row by row. The tests of the machine cover
 * what happens after the clearance.
 */

const OFFER: Offer = { version: "A03", url: "http://h.test/f.bin", md5: "ab".repeat(16), size: 698_000 };

function asked(requirements?: Requirements, options: PlanningOptions = {}): Planning {
  const planning = new Planning(options);
  planning.vitals.batteryPercent = 20;
  planning.vitals.signalDbm = -120;
  planning.ask("download", requirements === undefined ? OFFER : { ...OFFER, requirements });
  return planning;
}

function planOf(requirements: Requirements): Plan {
  return asked(requirements, { listens: true }).shown[0] as Plan;
}

describe("plan fields", () => {
  test("component type: module by itself, and no other is taken", () => {
    assert.equal(planOf({ kind: "module" }).kind, "module");
    assert.deepEqual(asked({ kind: "mcu" }).answers, ["for a component of kind mcu, not module"]);
  });
  test("component id: the own one, and no other is taken", () => {
    assert.equal(planOf({ component: "firmware" }).component, "firmware");
    assert.deepEqual(asked({ component: "app" }).answers, ["for component app, not firmware"]);
  });
  test("source version: empty for a full image", () => assert.equal(planOf({}).sourceVersion, undefined));
  test("source version: of a difference", () => assert.equal(planOf({ sourceVersion: "1.0" }).sourceVersion, "1.0"));
  test("target version", () => assert.equal(planOf({}).version, "A03"));
  test("minimal battery, in percent", () => {
    assert.deepEqual(planOf({ minBatteryPercent: 30 }).unmet, [{ what: "battery", required: 30, measured: 20 }]);
  });
  test("minimal signal, in dBm", () => {
    assert.deepEqual(planOf({ minSignalDbm: -113 }).unmet, [{ what: "signal", required: -113, measured: -120 }]);
  });
  test("space, in bytes", () => {
    assert.deepEqual(asked({ space: 1_000_000 }).answers, ["yes"]);
    assert.deepEqual(asked({ space: 1_000_001 }).answers, ["wants 1000001 bytes, room for 1000000"]);
  });
});

describe("actions", () => {
  test("a plan is offered: 10700", () =>
    assert.deepEqual(
      asked(undefined, { listens: true }).shown.map(({ asks }) => asks),
      [true],
    ));
  test("0 refuses, and only as long as the plan is not installed", () => {
    const planning = asked(undefined, { listens: true });
    planning.shown[0]!.decline("0");
    assert.deepEqual(planning.answers, ["declined: 0"]);
  });
  test("1 accepts, however often it is called", () => {
    const planning = asked(undefined, { listens: true });
    planning.shown[0]!.accept();
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes"]);
  });
  test("a plan is accepted by itself if the strategy is silent", () => {
    assert.deepEqual(asked(undefined, { listens: true, policy: { consent: "silent" } }).answers, ["yes"]);
  });
});

describe("states and timers", () => {
  test("each decision outlives a restart", () => {
    for (const [decide, answers, again] of [
      [(plan: Plan): void => plan.accept(), ["yes"], 1],
      [(plan: Plan): void => plan.decline("no"), ["declined: no", "declined before"], 0],
      [(plan: Plan): void => plan.defer({ seconds: 60 }), [], 0],
    ] as const) {
      const planning = asked(undefined, { listens: true });
      decide(planning.shown[0]!);
      planning.reboot();
      planning.ask("download", OFFER);
      assert.deepEqual(planning.answers, answers);
      assert.equal(planning.shown.length, 1 + again);
      assert.equal(planning.shown[1]?.asks ?? false, false);
    }
  });
  test("a new plan takes the place of one that waits", () => {
    const planning = asked(undefined, { listens: true });
    planning.gate.withdraw();
    planning.ask("download", { ...OFFER, version: "A04" });
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    assert.deepEqual([planning.answers, planning.shown.map(({ version }) => version)], [[], ["A03", "A04"]]);
  });
  test("an update takes 20 minutes at most, if that is the limit", () => {
    const planning = asked(undefined, { policy: { deadlineSeconds: 1200 } });
    planning.clock.advance(1_199_999);
    assert.equal(planning.over.length, 0);
    planning.clock.advance(1);
    assert.equal(planning.over.length, 1);
  });
  test("more than five failures in a row are too many", () => {
    const planning = new Planning();
    const failed = {
      name: "reporting",
      image: OFFER,
      result: { outcome: "timed-out", message: "" },
      kept: undefined,
      queued: undefined,
      owesVersion: false,
    } as const;
    for (let count = 0; count < 5; count++) {
      planning.ask("download", OFFER);
      planning.plans.noteStep("firmware", "downloading", failed, {
        type: "download-failed",
        failure: { code: "idle-timeout", message: "" },
      });
    }
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers.slice(4), ["yes", "failed 5 times: offer it again later"]);
  });
});

describe("full and delta, windows and strategies", () => {
  test("a full image is for every version", () => assert.deepEqual(asked().answers, ["yes"]));
  test("a difference is for the version that it was made from alone", () => {
    assert.deepEqual(asked({ sourceVersion: "1.0" }).answers, ["yes"]);
    assert.deepEqual(asked({ sourceVersion: "0.9" }).answers, ["for version 0.9, not 1.0"]);
  });
  test("a plan's own strategy and the device's both hold", () => {
    const planning = asked({ minBatteryPercent: 15 }, { policy: { minSignalDbm: -110, minBatteryPercent: 25 } });
    assert.deepEqual(planning.answers, []);
    planning.vitals.batteryPercent = 25;
    planning.vitals.signalDbm = -110;
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, ["yes"]);
  });
  test("a push window is of the device's time zone", () => {
    const planning = new Planning({
      policy: { windows: [{ from: "02:00", to: "04:00" }], timeZoneOffsetMinutes: 480 },
    });
    planning.clock.unix = Date.parse("2026-03-01T18:30:00Z") / 1000;
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes"]);
  });
});
