import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Decision, decide, type DecisionInput } from "../../../src/plans/decision.js";
import { isWithin, minuteOfDay } from "../../../src/plans/window.js";
import { type PolicyConfig, resolvePolicy } from "../../../src/plans/policy.js";
import { OtaError } from "../../../src/errors.js";

const NEW = { declined: false, accepted: [], failures: 0, cooling: undefined, deferredSeconds: 0 } as const;

type Scene = Partial<Omit<DecisionInput, "policy" | "vitals">> & {
  policy?: PolicyConfig;
  battery?: number;
  signal?: number;
};

function decided({ policy = {}, battery, signal, ...rest }: Scene): Decision {
  return decide({
    step: "download",
    policy: resolvePolicy(policy),
    requirements: {},
    consent: false,
    hasListener: false,
    remembered: NEW,
    runningVersion: "1.0",
    component: "firmware",
    kind: "module",
    capacity: 1000,
    vitals: { batteryPercent: () => battery, signalDbm: () => signal },
    unixTime: undefined,
    ...rest,
  });
}

const GO: Decision = { do: "go" };

/** Seconds since 1970 at this time of day, UTC. */
function at(time: string): number {
  return Date.parse(`2026-03-01T${time}:00Z`) / 1000;
}

describe("consent", () => {
  test("is silent if the policy sets nothing and nobody listens", () => assert.deepEqual(decided({}), GO));

  test("is asked of a listener, unless the policy says otherwise", () => {
    assert.equal(decided({ hasListener: true }).do, "ask");
    assert.deepEqual(decided({ hasListener: true, policy: { consent: "silent" } }), GO);
    assert.equal(decided({ policy: { consent: "ask" } }).do, "ask");
  });

  test("is asked for whatever the policy says if the operator's plan wants it, and not dropped if it does not", () => {
    for (const consent of ["silent", "ask", undefined] as const) {
      assert.equal(decided({ consent: true, policy: { consent } }).do, "ask");
      assert.equal(decided({ consent: true, hasListener: true, policy: { consent } }).do, "ask");
    }
    assert.equal(decided({ consent: false, policy: { consent: "ask" } }).do, "ask");
    assert.equal(decided({ consent: true, step: "install" }).do, "ask");
    assert.deepEqual(decided({ consent: true, step: "install", remembered: { ...NEW, accepted: ["download"] } }), GO);
    const policy: PolicyConfig = { installWhen: "accepted" };
    assert.equal(
      decided({ consent: true, policy, step: "install", remembered: { ...NEW, accepted: ["download"] } }).do,
      "ask",
    );
  });

  test("once given is not asked for again, for that step", () => {
    const policy: PolicyConfig = { consent: "ask", installWhen: "accepted" };
    assert.deepEqual(decided({ policy, remembered: { ...NEW, accepted: ["download"] } }), GO);
    assert.equal(decided({ policy, step: "install", remembered: { ...NEW, accepted: ["download"] } }).do, "ask");
    assert.deepEqual(decided({ policy, step: "install", remembered: { ...NEW, accepted: ["install"] } }), GO);
  });

  test("can be asked before the download, before the installation, or both", () => {
    const asked = (policy: PolicyConfig): string[] =>
      (["download", "install"] as const).filter((step) => decided({ policy, step }).do === "ask");
    assert.deepEqual(asked({}), []);
    assert.deepEqual(asked({ consent: "ask" }), ["download"]);
    assert.deepEqual(asked({ installWhen: "accepted" }), ["install"]);
    assert.deepEqual(asked({ consent: "ask", installWhen: "accepted" }), ["download", "install"]);
  });
});

describe("a precondition", () => {
  test("of battery is met from the demanded charge on, whether policy or image demands it", () => {
    for (const scene of [{ policy: { minBatteryPercent: 30 } }, { requirements: { minBatteryPercent: 30 } }] as const) {
      assert.deepEqual(decided({ ...scene, battery: 29.9 }), {
        do: "wait",
        unmet: [{ what: "battery", required: 30, measured: 29.9 }],
      });
      assert.deepEqual(decided({ ...scene, battery: 30 }), GO);
    }
    assert.equal(
      decided({ policy: { minBatteryPercent: 30 }, requirements: { minBatteryPercent: 50 }, battery: 40 }).do,
      "wait",
    );
    assert.equal(
      decided({ policy: { minBatteryPercent: 50 }, requirements: { minBatteryPercent: 30 }, battery: 40 }).do,
      "wait",
    );
  });

  test("of signal is met from the demanded strength on", () => {
    assert.deepEqual(decided({ requirements: { minSignalDbm: -113 }, signal: -114 }), {
      do: "wait",
      unmet: [{ what: "signal", required: -113, measured: -114 }],
    });
    assert.deepEqual(decided({ requirements: { minSignalDbm: -113 }, signal: -113 }), GO);
  });

  test("that cannot be measured blocks nothing", () => {
    assert.deepEqual(decided({ policy: { minBatteryPercent: 100, minSignalDbm: 0 } }), GO);
  });

  test("of the version to update from waits for one that is unknown, and binds no full image", () => {
    const unmet = [{ what: "version", required: "0.9", measured: undefined }];
    assert.deepEqual(decided({ requirements: { sourceVersion: "0.9" }, runningVersion: undefined }), {
      do: "wait",
      unmet,
    });
    assert.deepEqual(
      decided({ requirements: { sourceVersion: "0.9" }, runningVersion: undefined, policy: { consent: "ask" } }),
      { do: "ask", unmet },
    );
    assert.deepEqual(decided({ runningVersion: undefined }), GO);
  });

  test("that is not met is part of the question", () => {
    const unmet = [{ what: "battery", required: 30, measured: 3 }];
    assert.deepEqual(decided({ policy: { consent: "ask", minBatteryPercent: 30 }, battery: 3 }), { do: "ask", unmet });
  });

  test("holds before the installation too", () => {
    assert.equal(decided({ step: "install", policy: { minBatteryPercent: 30 }, battery: 3 }).do, "wait");
  });
});

describe("a window", () => {
  test("begins with its first minute and ends before its last", () => {
    const policy: PolicyConfig = { windows: [{ from: "02:00", to: "04:00" }] };
    const opens = ["01:59", "02:00", "03:59", "04:00"].map((time) => decided({ policy, unixTime: at(time) }).do);
    assert.deepEqual(opens, ["wait", "go", "go", "wait"]);
    assert.deepEqual(
      [at("01:59") + 59, at("03:59") + 59].map((unixTime) => decided({ policy, unixTime }).do),
      ["wait", "go"],
    );
    const wait = decided({ policy, unixTime: at("10:09") });
    assert.equal(wait.do === "wait" && wait.unmet[0]?.measured, "10:09");
    assert.deepEqual(decided({ policy, unixTime: at("12:30") }), {
      do: "wait",
      unmet: [{ what: "window", required: "02:00-04:00", measured: "12:30" }],
    });
  });

  test("may include midnight", () => {
    const policy: PolicyConfig = { windows: [{ from: "22:30", to: "01:00" }] };
    const opens = ["22:29", "22:30", "23:59", "00:00", "00:59", "01:00"].map(
      (time) => decided({ policy, unixTime: at(time) }).do,
    );
    assert.deepEqual(opens, ["wait", "go", "go", "go", "go", "wait"]);
  });

  test("is one of several", () => {
    const policy: PolicyConfig = {
      windows: [
        { from: "02:00", to: "03:00" },
        { from: "14:00", to: "15:00" },
      ],
    };
    assert.deepEqual(
      ["02:30", "14:30"].map((time) => decided({ policy, unixTime: at(time) }).do),
      ["go", "go"],
    );
    const wait = decided({ policy, unixTime: at("05:00") });
    assert.equal(wait.do === "wait" && wait.unmet[0]?.required, "02:00-03:00, 14:00-15:00");
  });

  test("is of the local time", () => {
    const windows = [{ from: "02:00", to: "04:00" }];
    const opens = (timeZoneOffsetMinutes: number, time: string): string =>
      decided({ policy: { windows, timeZoneOffsetMinutes }, unixTime: at(time) }).do;
    assert.deepEqual([opens(480, "18:00"), opens(480, "17:59"), opens(480, "20:00")], ["go", "wait", "wait"]);
    assert.deepEqual([opens(-300, "07:00"), opens(-300, "06:59")], ["go", "wait"]);
    assert.deepEqual([opens(345, "20:15"), opens(345, "20:14")], ["go", "wait"]);
  });

  test("is never known to be open on a board that does not know the time", () => {
    const wait = decided({ policy: { windows: [{ from: "02:00", to: "04:00" }] } });
    assert.deepEqual(wait, { do: "wait", unmet: [{ what: "window", required: "02:00-04:00", measured: undefined }] });
  });

  test("does not delay the download if only the installation waits for it", () => {
    const policy: PolicyConfig = { windows: [{ from: "02:00", to: "04:00" }], installWhen: "window" };
    assert.deepEqual(decided({ policy, unixTime: at("12:00") }), GO);
    assert.equal(decided({ policy, step: "install", unixTime: at("12:00") }).do, "wait");
    assert.deepEqual(decided({ policy, step: "install", unixTime: at("02:00") }), GO);
  });

  test("of any length and offset holds exactly its minutes", () => {
    for (let offset = -1440; offset <= 1440; offset += 97) {
      for (const [from, to] of [
        [0, 1],
        [1439, 0],
        [600, 599],
        [120, 240],
        [1380, 60],
      ] as const) {
        let open = 0;
        for (let minute = 0; minute < 1440; minute++) {
          if (isWithin(minuteOfDay(minute * 60 + 59, offset), { from, to })) open++;
        }
        assert.equal(open, (to - from + 1440) % 1440, `${from} to ${to}, offset ${offset}`);
      }
    }
  });
});

describe("an image is refused", () => {
  const refusals: readonly (readonly [what: string, scene: Scene, reason: string])[] = [
    ["for another source version than runs", { requirements: { sourceVersion: "0.9" } }, "for version 0.9, not 1.0"],
    ["for another component", { requirements: { component: "mcu" } }, "for component mcu, not firmware"],
    ["of another kind", { requirements: { kind: "mcu" } }, "for a component of kind mcu, not module"],
    ["that wants more space than there is", { requirements: { space: 1001 } }, "wants 1001 bytes, room for 1000"],
    ["with a manifest that is wrong", { requirements: { wrong: "space is wrong" } }, "plan refused: space is wrong"],
    ["that was declined", { remembered: { ...NEW, declined: true } }, "declined before"],
    [
      "that failed too often",
      { remembered: { ...NEW, failures: 5, cooling: "exhausted" } },
      "failed 5 times: offer it again later",
    ],
    [
      "that was reverted a short while ago",
      { remembered: { ...NEW, cooling: "reverted" } },
      "reverted before: offer it again later",
    ],
  ];
  for (const [what, scene, reason] of refusals) {
    test(what, () => assert.deepEqual(decided(scene), { do: "decline", reason }));
    test(`${what}, even if it was accepted`, () => {
      const remembered = { ...NEW, accepted: ["download"] as const, ...scene.remembered };
      assert.equal(decided({ ...scene, policy: { consent: "ask" }, remembered }).do, "decline");
    });
  }

  test("is not refused at the bound of each", () => {
    assert.deepEqual(
      decided({ requirements: { sourceVersion: "1.0", component: "firmware", kind: "module", space: 1000 } }),
      GO,
    );
    assert.deepEqual(decided({ remembered: { ...NEW, failures: 5 } }), GO);
  });
});

test("a deferral waits, whatever else there is to wait for or to ask", () => {
  const decision = decided({ policy: { consent: "ask" }, remembered: { ...NEW, deferredSeconds: 60 } });
  assert.deepEqual(decision, { do: "wait", unmet: [{ what: "deferral", required: 60, measured: undefined }] });
});

describe("a policy", () => {
  const refused = (config: object, message: RegExp): void =>
    assert.throws(
      () => resolvePolicy(config),
      (error) => error instanceof OtaError && error.code === "usage" && message.test(error.message),
      JSON.stringify(config),
    );

  test("has a default for everything", () => {
    assert.deepEqual(resolvePolicy({}), {
      consent: undefined,
      minBatteryPercent: undefined,
      minSignalDbm: undefined,
      windows: [],
      timeZoneOffsetMinutes: 0,
      maxDeferrals: 3,
      installWhen: "downloaded",
      maxAttempts: 5,
      coolDownSeconds: 86_400,
      deadlineSeconds: undefined,
      recheckMs: 10_000,
      manifest: true,
    });
  });

  test("that is wrong is refused by the name of its field", () => {
    refused({ consent: "maybe" }, /^consent is none of silent, ask$/);
    refused({ installWhen: "later" }, /^installWhen is none of/);
    refused({ minBatteryPercent: 101 }, /^minBatteryPercent is not between 0 and 100$/);
    refused({ minBatteryPercent: "30" }, /minBatteryPercent/);
    refused({ minSignalDbm: 1 }, /minSignalDbm/);
    refused({ timeZoneOffsetMinutes: 1441 }, /timeZoneOffsetMinutes/);
    refused({ timeZoneOffsetMinutes: 0.5 }, /timeZoneOffsetMinutes is not a whole number/);
    refused({ maxDeferrals: 256 }, /maxDeferrals/);
    refused({ maxDeferrals: 1.5 }, /maxDeferrals is not a whole number/);
    refused({ maxAttempts: 2.5 }, /maxAttempts is not a whole number/);
    refused({ maxAttempts: 0 }, /maxAttempts/);
    refused({ coolDownSeconds: -1 }, /coolDownSeconds/);
    refused({ deadlineSeconds: 2_000_001 }, /deadlineSeconds/);
    refused({ recheckSeconds: 0 }, /recheckSeconds/);
    refused({ manifest: "no" }, /manifest/);
    for (const [from, to] of [
      ["2:00", "04:00"],
      ["24:00", "04:00"],
      ["02:60", "04:00"],
      ["02:00", ""],
    ]) {
      refused({ windows: [{ from, to }] }, /HH:MM/);
    }
    refused({ windows: [{ from: "02:00", to: "02:00" }] }, /^window from 02:00 to 02:00 is empty$/);
    refused({ windows: [{}] }, /HH:MM/);
  });

  test("from a file, with its fields of the wrong shape, is refused in one line too", () => {
    refused({ windows: "02:00-04:00" }, /windows/);
    refused({ windows: [null] }, /windows/);
    refused({ windows: [{ from: ["02:00"], to: "04:00" }] }, /HH:MM/);
    for (const field of [
      "consent",
      "minBatteryPercent",
      "windows",
      "timeZoneOffsetMinutes",
      "maxDeferrals",
      "installWhen",
      "maxAttempts",
      "deadlineSeconds",
      "recheckSeconds",
    ]) {
      refused({ [field]: null }, new RegExp(field));
    }
    for (const config of ["ask", [], 5]) refused(config as object, /^policy is not an object: /);
    refused({ window: [] } as object, /^policy\.window is no setting: did you mean policy\.windows\?$/);
  });
});
