import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Plan } from "../../../src/plans/plan.js";
import { OtaError } from "../../../src/errors.js";
import type { Offer } from "../../../src/protocol/messages.js";
import { Planning, type PlanningOptions } from "../../support/planning.js";

const OFFER: Offer = { version: "2.0", url: "http://h.test/f.bin?sign=1", md5: "ab".repeat(16), size: 1000 };

describe("without a listener", () => {
  test("a plan whose preconditions are met goes on in the next turn, and nothing is stored", () => {
    const planning = new Planning();
    planning.gate.ask("download", OFFER, () => planning.answers.push("yes"));
    assert.deepEqual(planning.answers, []);
    planning.clock.advance(0);
    assert.deepEqual([planning.answers, planning.store.writes], [["yes"], 0]);
    assert.deepEqual(planning.clock.names(), []);
  });

  test("an unmet precondition waits, is checked again every 10 s, and is no failure", () => {
    const planning = new Planning({ policy: { minBatteryPercent: 30 } });
    planning.vitals.batteryPercent = 20;
    planning.ask("download", OFFER);
    assert.equal(planning.clock.remaining("plan"), 10_000);
    planning.clock.advance(60_000);
    planning.vitals.batteryPercent = 30;
    planning.clock.advance(9_999);
    assert.deepEqual(planning.answers, []);
    planning.clock.advance(1);
    assert.deepEqual([planning.answers, planning.over], [["yes"], []]);
  });

  test("each reason to wait is logged once", () => {
    const planning = new Planning({ policy: { minBatteryPercent: 30, minSignalDbm: -90 } });
    planning.vitals.batteryPercent = 20;
    planning.ask("download", OFFER);
    planning.clock.advance(50_000);
    planning.vitals.signalDbm = -100;
    planning.clock.advance(50_000);
    assert.deepEqual(planning.logged.lines, [
      "info plan firmware waits: battery 20, wanted 30",
      "info plan firmware waits: battery 20, wanted 30; signal -100, wanted -90",
    ]);
  });

  test("consent that is wanted is waited for", () => {
    const planning = new Planning({ policy: { consent: "ask" } });
    planning.ask("download", OFFER);
    planning.clock.advance(100_000);
    assert.deepEqual([planning.answers, planning.shown.length], [[], 1]);
  });

  test("a window opens and closes with the board's clock", () => {
    const planning = new Planning({ policy: { windows: [{ from: "02:00", to: "04:00" }] } });
    planning.ask("download", OFFER);
    planning.clock.unix = Date.parse("2026-03-01T01:59:59Z") / 1000;
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, []);
    planning.clock.unix += 10;
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, ["yes"]);
  });
});

describe("a listener", () => {
  test("is shown all that is known of a plan", () => {
    const planning = new Planning({ listens: true, policy: { minBatteryPercent: 30, maxDeferrals: 2 } });
    planning.vitals.batteryPercent = 12;
    const text = { title: "New", body: "It takes two minutes." };
    planning.ask("download", { ...OFFER, text, requirements: { sourceVersion: "1.0", minSignalDbm: -113 } });
    const { accept: _accept, decline: _decline, defer: _defer, closed: _closed, ...facts } = planning.shown[0]!;
    assert.deepEqual(facts, {
      component: "firmware",
      deviceName: undefined,
      kind: "module",
      step: "download",
      sourceVersion: "1.0",
      version: "2.0",
      size: 1000,
      text,
      unmet: [{ what: "battery", required: 30, measured: 12 }],
      asks: true,
      deferralsLeft: 2,
    });
  });

  test("is asked if the operator's plan wants consent, though the policy does not, and once for both steps", () => {
    const planning = new Planning({ listens: true, policy: { consent: "silent" } });
    const offer: Offer = { ...OFFER, consent: true };
    planning.ask("download", offer);
    assert.deepEqual([planning.answers, planning.shown[0]!.asks], [[], true]);
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    planning.ask("install", offer);
    assert.deepEqual([planning.answers, planning.shown.length], [["yes", "yes"], 1]);
  });

  test("is asked before the installation if the operator began to want consent during the download", () => {
    const planning = new Planning({ listens: true, policy: { consent: "silent" } });
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes"]);
    planning.ask("install", { ...OFFER, consent: true });
    assert.deepEqual([planning.answers, planning.shown.at(-1)!.asks], [["yes"], true]);
    planning.shown.at(-1)!.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes", "yes"]);
  });

  test("is asked once for each image, not at each check", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.clock.advance(100_000);
    assert.deepEqual([planning.answers, planning.shown.length], [[], 1]);
  });

  test("that accepts has the preconditions met first", () => {
    const planning = new Planning({ listens: true, policy: { minBatteryPercent: 30 } });
    planning.vitals.batteryPercent = 12;
    planning.ask("download", OFFER);
    planning.shown[0]!.accept();
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, []);
    planning.vitals.batteryPercent = 31;
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("may answer inside its call", () => {
    const accepting = new Planning({ listens: true });
    accepting.onPlan = (plan) => plan.accept();
    accepting.ask("download", OFFER);
    assert.deepEqual(accepting.answers, ["yes"]);
    const declining = new Planning({ listens: true });
    declining.onPlan = (plan) => plan.decline("no");
    declining.ask("download", OFFER);
    assert.deepEqual(declining.answers, ["declined: no"]);
    const silent = new Planning({ listens: true, policy: { consent: "silent" } });
    silent.onPlan = (plan) => plan.defer({ seconds: 60 });
    silent.ask("download", OFFER);
    silent.clock.advance(59_000);
    assert.deepEqual(silent.answers, []);
    silent.onPlan = () => {};
    silent.clock.advance(11_000);
    assert.deepEqual(silent.answers, ["yes"]);
  });

  test("whose answer is too late, or the second one, changes nothing", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    const [first] = planning.shown;
    planning.ask("download", { ...OFFER, version: "3.0" });
    first!.accept();
    first!.defer({ seconds: 5 });
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, []);
    planning.shown[1]!.accept();
    planning.clock.advance(0);
    planning.shown[1]!.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("of a silent policy gets the plan, and is not waited for", () => {
    const planning = new Planning({ listens: true, policy: { consent: "silent" } });
    planning.ask("download", OFFER);
    assert.deepEqual([planning.answers, planning.shown.map(({ asks }) => asks)], [["yes"], [false]]);
    planning.ask("install", OFFER);
    assert.deepEqual([planning.answers, planning.shown.length], [["yes", "yes"], 1]);
  });

  test("is asked before the download and before the installation if both are wanted", () => {
    const planning = new Planning({ listens: true, policy: { installWhen: "accepted" } });
    planning.onPlan = (plan) => plan.accept();
    planning.ask("download", OFFER);
    planning.ask("install", OFFER);
    assert.deepEqual(
      [planning.answers, planning.shown.map(({ step }) => step)],
      [
        ["yes", "yes"],
        ["download", "install"],
      ],
    );
  });

  test("may decline while the download is under way", () => {
    const planning = new Planning({ listens: true, policy: { consent: "silent" } });
    planning.ask("download", OFFER);
    planning.shown[0]!.decline("changed my mind");
    assert.deepEqual(planning.over, [{ code: "declined", message: "changed my mind" }]);
    planning.ask("download", OFFER);
    assert.equal(planning.answers.at(-1), "declined before");
  });
});

describe("a declined plan", () => {
  function declined(): Planning {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.decline("not on a Sunday");
    return planning;
  }

  test("ends with its reason", () => assert.deepEqual(declined().answers, ["declined: not on a Sunday"]));

  test("needs no reason, and takes one of any kind", () => {
    for (const [reason, message] of [
      [undefined, "declined"],
      ["", "declined"],
      [404 as unknown as string, "declined: 404"],
    ] as const) {
      const planning = new Planning({ listens: true });
      planning.ask("download", OFFER);
      planning.shown[0]!.decline(reason);
      assert.deepEqual(planning.answers, [message]);
    }
  });

  test("is not asked about again for the same image, also after a restart", () => {
    const planning = declined();
    planning.reboot();
    planning.ask("download", { ...OFFER, url: "http://h.test/f.bin?sign=2" });
    assert.deepEqual([planning.answers.at(-1), planning.shown.length], ["declined before", 1]);
  });

  test("is no answer for another image", () => {
    const planning = declined();
    for (const other of [{ version: "2.1" }, { md5: "cd".repeat(16) }, { size: 1001 }]) {
      planning.ask("download", { ...OFFER, ...other });
    }
    assert.equal(planning.shown.length, 4);
  });
});

describe("a deferred plan", () => {
  function deferred(options: PlanningOptions = {}): Planning {
    const planning = new Planning({ listens: true, ...options });
    planning.clock.unix = 1_800_000_000;
    planning.ask("download", OFFER);
    planning.shown[0]!.defer({ seconds: 3600 });
    planning.clock.advance(0);
    return planning;
  }
  /** The wall clock runs with the board's clock. */
  function pass(planning: Planning, seconds: number): void {
    if (planning.clock.unix !== undefined) planning.clock.unix += seconds;
    planning.clock.advance(seconds * 1000);
  }

  test("is reported with its seconds, each time", () => {
    const planning = deferred();
    assert.deepEqual(planning.deferrals, [3600]);
    pass(planning, 3611);
    planning.shown[1]!.defer({ seconds: 1.5 });
    assert.deepEqual(planning.deferrals, [3600, 2]);
  });

  test("comes back when its time is over, once", () => {
    const planning = deferred();
    pass(planning, 3589);
    assert.equal(planning.shown.length, 1);
    pass(planning, 21);
    assert.equal(planning.shown.length, 2);
    pass(planning, 100);
    assert.deepEqual([planning.shown.length, planning.answers], [2, []]);
    assert.equal(planning.shown[1]!.deferralsLeft, 2);
  });

  test("is deferred no more often than the policy allows, even if the same plan is asked again and again", () => {
    const planning = new Planning({ listens: true, policy: { maxDeferrals: 2 } });
    planning.ask("download", OFFER);
    const plan = planning.shown[0]!;
    plan.defer({ seconds: 1 });
    plan.defer({ seconds: 1 });
    assert.throws(() => plan.defer({ seconds: 1 }), /deferred 2 times already/);
  });

  test("comes back after a restart, not sooner than it would have", () => {
    const planning = deferred();
    pass(planning, 1800);
    planning.reboot();
    planning.ask("download", OFFER);
    pass(planning, 1789);
    assert.equal(planning.shown.length, 1);
    pass(planning, 21);
    assert.equal(planning.shown.length, 2);
  });

  test("waits in full again after a restart of a board that does not know the time", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.defer({ seconds: 3600 });
    pass(planning, 3000);
    planning.reboot();
    planning.ask("download", OFFER);
    pass(planning, 3599);
    assert.equal(planning.shown.length, 1);
    pass(planning, 11);
    assert.equal(planning.shown.length, 2);
  });

  test("does not wait for ever on a clock that was set back", () => {
    const planning = deferred();
    planning.clock.unix = 1_000_000_000;
    pass(planning, 3610);
    assert.equal(planning.shown.length, 2);
  });

  test("comes back when its time is over, not at the next check after that", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.clock.advance(3000);
    planning.shown[0]!.defer({ seconds: 2 });
    planning.clock.advance(1900);
    assert.equal(planning.shown.length, 1);
    planning.clock.advance(200);
    assert.equal(planning.shown.length, 2);
  });

  test("can be deferred as often as the policy allows, and then only accepted or declined", () => {
    const planning = new Planning({ listens: true, policy: { maxDeferrals: 2 } });
    const left: number[] = [];
    planning.ask("download", OFFER);
    for (let round = 0; round < 2; round++) {
      left.push(planning.shown.at(-1)!.deferralsLeft);
      planning.shown.at(-1)!.defer({ seconds: 60 });
      pass(planning, 70);
    }
    const last = planning.shown.at(-1)!;
    assert.deepEqual([...left, last.deferralsLeft], [2, 1, 0]);
    assert.throws(
      () => last.defer({ seconds: 60 }),
      (error) => error instanceof OtaError && error.code === "usage",
    );
    last.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("of part of a second lasts the whole of it", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.defer({ seconds: 15.5 });
    pass(planning, 15.9);
    assert.equal(planning.shown.length, 1);
    pass(planning, 10);
    assert.equal(planning.shown.length, 2);
  });

  test("may last a year", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.defer({ seconds: 31_536_000 });
    assert.match(planning.logged.lines.join(), /waits: an answer$/);
    planning.clock.advance(0);
    assert.match(planning.logged.lines.join(), /waits: deferral$/);
  });

  test("needs a valid time", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    for (const seconds of [0, -1, NaN, Infinity, 31_536_001, "50" as unknown as number]) {
      assert.throws(
        () => planning.shown[0]!.defer({ seconds }),
        /^Error: a deferral is|a deferral is 1 to/,
        String(seconds),
      );
    }
  });
});

describe("what was accepted", () => {
  test("is not asked about again after a restart", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.accept();
    planning.reboot();
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes"]);
    assert.deepEqual(
      planning.shown.map(({ asks }) => asks),
      [true, false],
    );
  });

  test("is asked about again once a job for it has failed", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    failed(planning);
    planning.ask("download", OFFER);
    assert.deepEqual(
      planning.shown.map(({ asks }) => asks),
      [true, true],
    );
  });
});

describe("a budget", () => {
  test("of failed jobs is kept through restarts, and gives the image up", () => {
    const planning = new Planning({ policy: { maxAttempts: 2 } });
    for (let round = 0; round < 2; round++) {
      planning.ask("download", OFFER);
      failed(planning);
      planning.reboot();
    }
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes", "yes", "failed 2 times: offer it again later"]);
  });

  test("of time ends a job in any state, and counts from the first offer through restarts", () => {
    const planning = new Planning({ policy: { deadlineSeconds: 600 } });
    planning.clock.unix = 1_800_000_000;
    planning.ask("download", OFFER);
    assert.equal(planning.clock.remaining("plan deadline"), 600_000);
    planning.clock.unix += 400;
    planning.reboot();
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes", "yes"]);
    assert.equal(planning.clock.remaining("plan deadline"), 200_000);
    planning.clock.advance(200_000);
    assert.deepEqual(planning.over, [{ code: "deadline-exceeded", message: "not installed within 600 s" }]);
    planning.clock.unix += 1000;
    planning.ask("download", OFFER);
    assert.equal(planning.clock.remaining("plan deadline"), 600_000, "a new offer has a time of its own");
  });

  test("of time that ran out while the power was off ends the job with the next offer", () => {
    const planning = new Planning({ policy: { deadlineSeconds: 600 } });
    planning.clock.unix = 1_800_000_000;
    planning.ask("download", OFFER);
    planning.clock.unix += 601;
    planning.reboot();
    planning.ask("download", OFFER);
    assert.equal(planning.over.length, 1);
  });

  test("of time on a board that does not know the time holds for one boot, through all checks", () => {
    const planning = new Planning({ policy: { deadlineSeconds: 600, minBatteryPercent: 50 } });
    planning.vitals.batteryPercent = 1;
    planning.ask("download", OFFER);
    planning.clock.advance(599_000);
    assert.equal(planning.over.length, 0);
    planning.clock.advance(1_000);
    assert.equal(planning.over.length, 1);
    assert.deepEqual(planning.clock.names(), []);
  });

  test("of time is over in its last second, and not asked about any more", () => {
    const planning = new Planning({ listens: true, policy: { deadlineSeconds: 600 } });
    planning.clock.unix = 1_800_000_000;
    planning.ask("download", OFFER);
    planning.clock.unix += 600;
    planning.reboot();
    planning.ask("download", OFFER);
    assert.deepEqual([planning.over.length, planning.shown.length, planning.clock.names()], [1, 1, []]);
  });

  test("of time ends with the job: a download that failed fails once", () => {
    const planning = new Planning({ policy: { deadlineSeconds: 600, maxAttempts: 2 } });
    planning.ask("download", OFFER);
    planning.ended("reporting", OFFER);
    planning.clock.advance(600_000);
    assert.deepEqual([planning.over, planning.clock.names()], [[], []]);
    planning.ask("download", OFFER);
    assert.deepEqual(planning.answers, ["yes", "yes"]);
  });

  test("of time ends with the clearance of the installation", () => {
    const planning = new Planning({ policy: { deadlineSeconds: 600 } });
    planning.ask("download", OFFER);
    planning.ask("install", OFFER);
    assert.deepEqual(planning.clock.names(), []);
  });
});

describe("a difference, if nobody knows what runs,", () => {
  const DIFFERENCE: Offer = { ...OFFER, requirements: { sourceVersion: "1.0" } };

  function asked(options: PlanningOptions = {}): Planning {
    const planning = new Planning(options);
    planning.running = undefined;
    planning.ask("download", DIFFERENCE);
    return planning;
  }
  /** Answers the question. */
  function said(planning: Planning, version: string | undefined): void {
    planning.running = version;
    planning.versionQuestions.pop()!();
    planning.clock.advance(0);
  }

  test("waits for the version, shows that, and goes on as soon as the version is known", () => {
    const planning = asked();
    assert.deepEqual(planning.shown[0]!.unmet, [{ what: "version", required: "1.0", measured: undefined }]);
    assert.deepEqual(planning.logged.lines, ["info plan firmware waits: version ?, wanted 1.0"]);
    assert.deepEqual(planning.answers, []);
    said(planning, "1.0");
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("is refused once another version is reported", () => {
    const planning = asked();
    said(planning, "0.9");
    assert.deepEqual(planning.answers, ["for version 1.0, not 0.9"]);
  });

  test("asks for the version again at each check, one question at a time", () => {
    const planning = asked();
    planning.clock.advance(30_000);
    assert.equal(planning.versionQuestions.length, 1);
    said(planning, undefined);
    assert.equal(planning.versionQuestions.length, 0);
    planning.clock.advance(10_000);
    assert.equal(planning.versionQuestions.length, 1);
  });

  test("is refused after five questions without an answer, and not remembered as failed", () => {
    const planning = asked();
    for (let count = 1; count < 5; count++) {
      said(planning, undefined);
      assert.deepEqual(planning.answers, []);
      planning.clock.advance(10_000);
    }
    said(planning, undefined);
    assert.deepEqual(planning.answers, ["for version 1.0, what runs is unknown"]);
    assert.deepEqual([planning.clock.names(), planning.store.writes], [[], 0]);
    planning.ask("download", DIFFERENCE);
    said(planning, "1.0");
    assert.equal(planning.answers.at(-1), "yes");
  });

  test("is asked about meanwhile, and once accepted still waits for the version", () => {
    const planning = asked({ listens: true });
    planning.shown[0]!.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, []);
    said(planning, "1.0");
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("counts no questions while it is deferred", () => {
    const planning = asked({ listens: true });
    planning.shown[0]!.defer({ seconds: 3600 });
    said(planning, undefined);
    planning.clock.advance(3_500_000);
    assert.deepEqual([planning.versionQuestions.length, planning.answers], [0, []]);
    planning.clock.advance(200_000);
    assert.equal(planning.versionQuestions.length, 1);
  });

  test("whose offer was replaced leaves the new one alone, also with its last question", () => {
    const planning = asked();
    for (let count = 1; count < 5; count++) {
      said(planning, undefined);
      planning.clock.advance(10_000);
    }
    const [late] = planning.versionQuestions;
    planning.listens = true;
    planning.ask("download", { ...OFFER, version: "3.0" });
    late!();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, []);
    planning.shown.at(-1)!.accept();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes"]);
  });
});

describe("the code that shows a plan is informed that no answer is wanted any more", () => {
  const ends: readonly (readonly [what: string, end: (planning: Planning) => void])[] = [
    ["once it is accepted", ({ shown }) => shown[0]!.accept()],
    ["once it is declined", ({ shown }) => shown[0]!.decline("no")],
    ["once it is deferred", ({ shown }) => shown[0]!.defer({ seconds: 60 })],
    ["once another is offered", (planning) => planning.ask("download", { ...OFFER, version: "3.0" })],
    ["once the offer is withdrawn", ({ gate }) => gate.withdraw()],
    ["once the job is over", ({ gate }) => gate.end()],
    ["once the deadline has passed", ({ clock }) => clock.advance(600_000)],
  ];
  for (const [what, end] of ends) {
    test(what, async () => {
      const planning = new Planning({ listens: true, policy: { deadlineSeconds: 600 } });
      planning.ask("download", OFFER);
      let closed = 0;
      void planning.shown[0]!.closed().then(() => closed++);
      await Promise.resolve();
      assert.equal(closed, 0);
      end(planning);
      await Promise.resolve();
      assert.equal(closed, 1);
    });
  }

  test("at once if it is accepted or deferred already, and waits for the rest", async () => {
    for (const answer of [(plan: Plan) => plan.accept(), (plan: Plan) => plan.defer({ seconds: 60 })]) {
      const planning = new Planning({ listens: true, policy: { minBatteryPercent: 50 } });
      planning.vitals.batteryPercent = 20;
      planning.ask("download", OFFER);
      answer(planning.shown[0]!);
      await planning.shown[0]!.closed();
      assert.deepEqual(planning.answers, []);
    }
  });

  test("at once if that is so already", async () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.decline("no");
    await planning.shown[0]!.closed();
  });
});

describe("a manifest", () => {
  function asked(): Planning {
    const planning = new Planning({ policy: { manifest: true } });
    planning.ask("download", OFFER);
    return planning;
  }
  function answered(text: string, offer = OFFER): Planning {
    const planning = new Planning({ policy: { manifest: true } });
    planning.ask("download", offer);
    planning.http.exchange.head({ status: 200 });
    planning.http.exchange.send(Buffer.from(text));
    planning.http.exchange.end();
    planning.clock.advance(0);
    return planning;
  }

  test("is looked for next to the firmware, with the same query", () => {
    assert.equal(asked().http.exchange.request.target, "/f.bin.json?sign=1");
  });

  test("names what the image requires; unknown fields are ignored", () => {
    assert.deepEqual(answered('{"sourceVersion":"0.5","more":[1]}').answers, ["for version 0.5, not 1.0"]);
    assert.deepEqual(answered('{"more":1}').answers, ["yes"]);
  });

  test("that is wrong refuses the plan, with the reason", () => {
    assert.deepEqual(answered('{"minBatteryPercent":"30"}').answers, ["plan refused: minBatteryPercent is wrong"]);
    assert.deepEqual(answered('{"space"').answers, ["plan refused: manifest is not JSON"]);
  });

  test("counts less than the fields of the offer itself", () => {
    assert.deepEqual(
      answered('{"sourceVersion":"0.5"}', { ...OFFER, requirements: { sourceVersion: "1.0" } }).answers,
      ["yes"],
    );
  });

  for (const status of [401, 403, 404, 410, 302]) {
    test(`that is answered with ${status} is missing`, () => {
      const planning = asked();
      planning.http.exchange.head({ status });
      planning.clock.advance(0);
      assert.deepEqual(planning.answers, ["yes"]);
    });
  }

  for (const text of ["<html>", "", "\xe9\0\0"]) {
    test(`is none if the server sends ${JSON.stringify(text)} in its place, with one warning`, () => {
      const planning = answered(text);
      assert.deepEqual(planning.answers, ["yes"]);
      planning.ask("install", OFFER);
      planning.clock.advance(0);
      assert.deepEqual([planning.answers, planning.http.exchanges.length], [["yes", "yes"], 1]);
      const warnings = planning.logged.lines.filter((line) => line.startsWith("warn"));
      assert.match(warnings.join(), /^warn plan no manifest of [^,]+$/);
    });
  }

  /** Asks five times in vain. */
  function exhaust(planning: Planning): void {
    const before = planning.http.exchanges.length;
    for (let round = 0; round < 5; round++) {
      assert.equal(planning.http.exchanges.length, before + round);
      planning.http.exchange.fail("unreachable");
      planning.clock.advance(10_000);
    }
  }

  test("that cannot be had is asked for five times, and the download goes on without it, with one warning", () => {
    const planning = asked();
    exhaust(planning);
    assert.deepEqual(planning.answers, ["yes"]);
    assert.equal(planning.logged.lines.filter((line) => line.startsWith("warn")).length, 1);
  });

  test("that could not be had is asked for again before the installation, and its demands hold there", () => {
    const planning = asked();
    exhaust(planning);
    planning.ask("install", OFFER);
    planning.clock.advance(0);
    planning.http.exchange.head({ status: 200 });
    planning.http.exchange.send(Buffer.from('{"sourceVersion":"0.5"}'));
    planning.http.exchange.end();
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes", "for version 0.5, not 1.0"]);
  });

  test("that can be had at neither step ends no job", () => {
    const planning = asked();
    exhaust(planning);
    planning.ask("install", OFFER);
    planning.clock.advance(0);
    exhaust(planning);
    assert.deepEqual(planning.answers, ["yes", "yes"]);
  });

  test("that comes after the first try is good", () => {
    const planning = asked();
    planning.http.exchange.head({ status: 503 });
    planning.clock.advance(10_000);
    planning.http.exchange.head({ status: 404 });
    planning.clock.advance(0);
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("is asked for once for both steps of an image", () => {
    const planning = answered("{}");
    planning.ask("install", OFFER);
    assert.deepEqual([planning.answers, planning.http.exchanges.length], [["yes", "yes"], 1]);
  });

  test("of an offer that was withdrawn is not waited for", () => {
    const planning = asked();
    planning.gate.withdraw();
    planning.http.exchange.head({ status: 404 });
    planning.clock.advance(100_000);
    assert.deepEqual([planning.answers, planning.clock.names()], [[], []]);
  });

  test("is not looked for if the policy forbids it", () => {
    const planning = new Planning();
    planning.ask("download", OFFER);
    assert.equal(planning.http.exchanges.length, 0);
  });
});

test("an offer beside components waits for them, without a plan, and its plan comes then", () => {
  const planning = new Planning({ listens: true });
  planning.awaited = "mcu";
  planning.ask("download", OFFER);
  planning.clock.advance(30_000);
  assert.deepEqual([planning.answers, planning.shown.length], [[], 0]);
  assert.deepEqual(planning.logged.lines, ["info plan firmware waits: component mcu"]);
  planning.awaited = undefined;
  planning.clock.advance(10_000);
  assert.equal(planning.shown.length, 1);
});

describe("a plan that is asked for", () => {
  test("while its download is under way describes the update, and can still be declined", () => {
    const planning = new Planning();
    planning.ask("download", OFFER);
    const plan = planning.gate.describe(OFFER, "download");
    assert.deepEqual([plan.version, plan.step, plan.asks, plan.unmet], ["2.0", "download", false, []]);
    plan.accept();
    plan.defer({ seconds: 60 });
    assert.equal(planning.over.length, 0);
    plan.decline("no");
    assert.deepEqual(planning.over, [{ code: "declined", message: "no" }]);
  });

  test("can be declined if the job began before anybody used plans", () => {
    const planning = new Planning();
    planning.gate.describe(OFFER, "download").decline("no");
    assert.equal(planning.over.length, 1);
  });

  test("while it waits for a yes shows that, and takes the answer", () => {
    const planning = new Planning({ policy: { consent: "ask", minBatteryPercent: 30 } });
    planning.vitals.batteryPercent = 20;
    planning.ask("download", OFFER);
    const plan = planning.gate.describe(OFFER, "download");
    assert.deepEqual([plan.asks, plan.unmet], [true, [{ what: "battery", required: 30, measured: 20 }]]);
    plan.defer({ seconds: 60 });
    planning.clock.advance(60_000);
    planning.vitals.batteryPercent = 30;
    planning.gate.describe(OFFER, "download").accept();
    planning.clock.advance(10_000);
    assert.deepEqual(planning.answers, ["yes"]);
  });

  test("once the installation began, or the job is over, declines nothing and is not remembered", () => {
    for (const state of ["applying", "reporting"] as const) {
      const planning = new Planning({ listens: true });
      planning.ask("download", OFFER);
      planning.shown[0]!.accept();
      planning.clock.advance(0);
      planning.ended(state, OFFER);
      planning.shown[0]!.decline("too late");
      assert.deepEqual(planning.over, []);
      planning.reboot();
      planning.ask("download", OFFER);
      assert.notEqual(planning.answers.at(-1), "declined before", state);
    }
  });

  test("of an image that another one has replaced declines nothing", () => {
    const planning = new Planning();
    planning.ask("download", OFFER);
    const plan = planning.gate.describe(OFFER, "download");
    planning.ask("download", { ...OFFER, md5: "cd".repeat(16) });
    plan.decline("no");
    assert.deepEqual(planning.over, []);
  });
});

test("an image that something else blocks is declined, and may come again", () => {
  const planning = new Planning();
  planning.blocked = "mcu failed";
  planning.ask("download", OFFER);
  planning.blocked = undefined;
  planning.ask("download", OFFER);
  assert.deepEqual(planning.answers, ["mcu failed", "yes"]);
});

test("if the store fails, answers are not remembered, and the update goes on", () => {
  const planning = new Planning({ listens: true });
  planning.store.failing = true;
  planning.ask("download", OFFER);
  planning.shown[0]!.accept();
  planning.clock.advance(0);
  assert.deepEqual(planning.answers, ["yes"]);
  assert.match(planning.logged.lines.join("\n"), /error plan plan memory: ESP_ERR_NVS/);
});

/** Ends a job for the offer without success. */
function failed({ plans }: Planning): void {
  const result = { outcome: "timed-out", message: "no byte" } as const;
  plans.noteStep(
    "firmware",
    "downloading",
    { name: "reporting", image: OFFER, result, kept: undefined, queued: undefined, owesVersion: false },
    {
      type: "download-failed",
      failure: { code: "idle-timeout", message: "no byte" },
    },
  );
}
