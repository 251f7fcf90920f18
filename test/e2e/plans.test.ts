import assert from "node:assert/strict";
import type { OtaConfig, Plan } from "../../src/index.js";
import { type TestBed, DEVICE, imageOf } from "../support/test-bed.js";
import { testOnEngines } from "../support/engines.js";
import { withTestBed } from "../support/with-test-bed.js";

/** The policy is checked often, so that a test does not wait ten seconds for it. */
const POLICY = { recheckSeconds: 0.02, manifest: false } as const;

function withPolicy(policy: OtaConfig["policy"] = {}): { config: Partial<OtaConfig> } {
  return { config: { policy: { ...POLICY, ...policy } } };
}

/** Collects the plans of every boot. */
function shown(bed: TestBed, onPlan: (plan: Plan) => void = () => {}): Plan[] {
  const plans: Plan[] = [];
  bed.onAgent = (agent) =>
    agent.on("plan", (plan) => {
      plans.push(plan);
      onPlan(plan);
    });
  return plans;
}

/** The platform has an update, and the board is on. */
function offered(bed: TestBed): void {
  bed.platform.pending = () => bed.offer();
  bed.board.powerOn();
}

testOnEngines("a policy that has nothing to wait for lets an update go as ever", (engine) =>
  withTestBed({ engine, ...withPolicy() }, async (bed) => {
    await bed.update();
    assert.deepEqual(bed.platform.words().slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
  }),
);

testOnEngines("a plan waits for the listener's yes, describes the update, and nothing is fetched before", (engine) =>
  withTestBed({ engine, ...withPolicy() }, async (bed) => {
    const plans = shown(bed);
    offered(bed);
    await bed.until("a plan", () => plans.length > 0);
    const { component, kind, step, version, size, asks, unmet } = plans[0]!;
    assert.deepEqual(
      { component, kind, step, version, size, asks, unmet },
      {
        component: "firmware",
        kind: "module",
        step: "download",
        version: "0.2.0",
        size: bed.image.byteLength,
        asks: true,
        unmet: [],
      },
    );
    await bed.until("the state", () => bed.agent?.state === "offered");
    assert.equal(bed.server.requests.length, 0);
    plans[0]!.accept();
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

/** The operator's plan asks, and the board is on. */
async function wanted(bed: TestBed): Promise<void> {
  bed.board.powerOn();
  await bed.until("version", () => bed.platform.words().length > 0);
  const text = { title: "固件 0.2.0", body: "It takes two minutes." };
  const offer = { type: "update_firmware", ...bed.offer(), consent: true, text };
  bed.platform.send(`$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`, JSON.stringify(offer));
}

testOnEngines(
  "an operator's plan that wants consent has a person asked, with its text, though the policy would not",
  (engine) =>
    withTestBed({ engine, ...withPolicy({ consent: "silent" }) }, async (bed) => {
      const plans = shown(bed);
      await wanted(bed);
      await bed.until("a plan", () => plans.length > 0);
      const { asks, text } = plans[0]!;
      assert.deepEqual({ asks, text }, { asks: true, text: { title: "固件 0.2.0", body: "It takes two minutes." } });
      assert.equal(bed.server.requests.length, 0);
      plans[0]!.accept();
      await bed.ended();
      assert.equal(bed.slots().running.version, "0.2.0");
    }),
);

testOnEngines("an agent that uses no plans reports that such an offer needs consent, and installs nothing", (engine) =>
  withTestBed({ engine }, async (bed) => {
    await wanted(bed);
    await bed.until("the report", () => bed.platform.words().includes("fail -5 needs consent"));
    await bed.until("its acknowledgement", () => bed.agent?.state === "idle");
    assert.equal(bed.server.requests.length, 0);
  }),
);

testOnEngines("a declined plan is reported as -5 with its reason, once, and not asked about again", (engine) =>
  withTestBed({ engine, ...withPolicy() }, async (bed) => {
    const plans = shown(bed, (plan) => plan.decline("not on a Sunday"));
    offered(bed);
    await bed.ended();
    assert.deepEqual(
      bed.platform.words().filter((word) => word.startsWith("fail")),
      ["fail -5 declined: not on a Sunday"],
    );
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("the second report", () => bed.platform.words().includes("fail -5 declined before"));
    assert.equal(plans.length, 1);
    assert.equal(bed.server.requests.length, 0);
    assert.equal(bed.slots().running.version, "0.1.0");
  }),
);

testOnEngines("a deferred plan comes back after a power cut, and not before its time", (engine) =>
  withTestBed({ engine, ...withPolicy(), surroundings: { unixTime: () => unix } }, async (bed) => {
    const plans = shown(bed);
    offered(bed);
    await bed.until("a plan", () => plans.length > 0);
    plans[0]!.defer({ seconds: 3600 });
    await bed.until("the deferral in flash", () => bed.logged.lines.some((line) => line.includes("waits: deferral")));
    bed.board.cutPower();
    bed.logged.lines.length = 0;
    bed.board.powerOn();
    await bed.until("the deferral after the restart", () =>
      bed.logged.lines.some((line) => line.includes("waits: deferral")),
    );
    assert.equal(plans.length, 1);
    unix += 3601;
    await bed.until("the plan again", () => plans.length > 1);
    assert.equal(plans[1]!.deferralsLeft, 2);
    plans[1]!.accept();
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);
let unix = 1_800_000_000;

testOnEngines("an unmet precondition waits and is no failure, until battery and signal are there", (engine) => {
  const vitals = { battery: 20, signal: -100 };
  const surroundings = { batteryPercent: () => vitals.battery, signalDbm: () => vitals.signal };
  return withTestBed(
    { engine, ...withPolicy({ minBatteryPercent: 30, minSignalDbm: -90 }), surroundings },
    async (bed) => {
      offered(bed);
      const said = (text: string): boolean => bed.logged.lines.some((line) => line.includes(text));
      await bed.until("the wait", () => said("waits: battery 20, wanted 30; signal -100, wanted -90"));
      vitals.battery = 30;
      await bed.until("the rest of it", () => said("firmware waits: signal -100, wanted -90"));
      assert.equal(bed.server.requests.length, 0);
      assert.ok(!bed.platform.words().some((word) => word.startsWith("fail")));
      vitals.signal = -90;
      await bed.ended();
      assert.equal(bed.slots().running.version, "0.2.0");
    },
  );
});

testOnEngines("downloaded now, installed in the window, even if the power is cut in between", (engine) => {
  let now = Date.parse("2026-03-01T12:00:00Z") / 1000;
  const policy = withPolicy({
    windows: [{ from: "23:00", to: "01:00" }],
    timeZoneOffsetMinutes: 60,
    installWhen: "window",
  });
  return withTestBed({ engine, ...policy, surroundings: { unixTime: () => now } }, async (bed) => {
    offered(bed);
    await bed.until("a whole image", () => bed.agent?.state === "ready");
    // On XS the turn that has announced it may still store it.
    await bed.until("its record", () => bed.checkpoint()?.phase === "verified");
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("it again", () => bed.agent?.state === "ready");
    assert.equal(bed.server.requests.length, 1);
    now = Date.parse("2026-03-01T22:00:00Z") / 1000;
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  });
});

testOnEngines("consent can be asked before the installation alone", (engine) =>
  withTestBed({ engine, ...withPolicy({ consent: "silent", installWhen: "accepted" }) }, async (bed) => {
    const plans = shown(bed);
    offered(bed);
    await bed.until("the question", () => plans.some(({ asks }) => asks));
    assert.equal(bed.agent?.state, "ready");
    const question = plans.find(({ asks }) => asks)!;
    assert.equal(question.step, "install");
    question.accept();
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

testOnEngines("a download that is under way can be declined", (engine) =>
  withTestBed({ engine, ...withPolicy({ consent: "silent" }) }, async (bed) => {
    const plans = shown(bed);
    bed.server.behaviours = [{ stallAfter: 100 * 1024 }];
    offered(bed);
    await bed.until("progress", () => bed.progress > 0);
    plans[0]!.decline("changed my mind");
    await bed.ended();
    assert.ok(bed.platform.words().includes("fail -5 declined: changed my mind"));
  }),
);

testOnEngines("a deadline ends a download that takes too long", (engine) =>
  withTestBed({ engine, ...withPolicy({ deadlineSeconds: 1 }) }, async (bed) => {
    bed.server.behaviours = [{ stallAfter: 100 * 1024 }];
    offered(bed);
    await bed.ended();
    assert.ok(bed.platform.words().includes("fail -5 not installed within 1 s"));
  }),
);

testOnEngines("the application is informed that an answer is not wanted any more", (engine) =>
  withTestBed({ engine, config: { policy: { ...POLICY, deadlineSeconds: 1 } } }, async (bed) => {
    let closed = 0;
    bed.onAgent = (agent) => agent.on("plan", (plan) => void plan.closed().then(() => closed++));
    offered(bed);
    await bed.until("the wait", () => bed.logged.lines.some((line) => line.includes("waits: an answer")));
    assert.equal(closed, 0);
    await bed.until("the deadline", () =>
      bed.platform.words().some((word) => word.includes("not installed within 1 s")),
    );
    await bed.until("the end of the question", () => closed === 1);
  }),
);

testOnEngines("an image for another version than runs is refused, with the reason", (engine) =>
  withTestBed({ engine, ...withPolicy() }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0);
    const { productId, deviceName } = DEVICE;
    const offer = { type: "update_firmware", ...bed.offer(), sourceVersion: "0.0.9" };
    bed.platform.send(`$ota/update/${productId}/${deviceName}`, JSON.stringify(offer));
    await bed.ended();
    assert.ok(bed.platform.words().includes("fail -5 for version 0.0.9, not 0.1.0"));
  }),
);

testOnEngines("checkForUpdate reports the version again, and brings the plan that was missed", (engine) =>
  withTestBed({ engine, ...withPolicy() }, async (bed) => {
    const plans = shown(bed);
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0);
    bed.platform.pending = () => bed.offer();
    await bed.agent!.checkForUpdate();
    await bed.until("the plan", () => plans.length > 0);
    assert.deepEqual(bed.platform.words(), ["version 0.1.0", "version 0.1.0"]);
  }),
);

testOnEngines("the version is reported again by itself", (engine) =>
  withTestBed({ engine, config: { checkEverySeconds: 0.1 } }, async (bed) => {
    bed.board.powerOn();
    await bed.until("four reports", () => bed.platform.words().length > 3);
    assert.deepEqual(new Set(bed.platform.words()), new Set(["version 0.1.0"]));
  }),
);

testOnEngines("a self test that passes makes the new firmware stay", (engine) =>
  withTestBed({ engine, config: { selfTest: () => Promise.resolve(true) } }, async (bed) => {
    await bed.update();
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
  }),
);

testOnEngines("a self test that fails makes it revert, and the old firmware reports why", (engine) =>
  withTestBed({ engine, config: { selfTest: () => false } }, async (bed) => {
    await bed.update();
    assert.deepEqual(bed.boots, ["ota_0", "ota_1", "ota_0"]);
    assert.ok(bed.platform.words().includes("fail -5 self test failed"));
    assert.equal(bed.slots().running.version, "0.1.0");
  }),
);

testOnEngines("a self test that never ends makes it revert too", (engine) =>
  withTestBed({ engine, config: { selfTest: () => new Promise(() => {}), selfTestSeconds: 0.1 } }, async (bed) => {
    await bed.update();
    assert.ok(bed.platform.words().includes("fail -5 self test: no end in time"));
  }),
);

testOnEngines("a reverted image is not installed again before its cool-down, and then it is", (engine) => {
  let holds = false;
  let now = 1_800_000_000;
  const config: Partial<OtaConfig> = { policy: { ...POLICY, coolDownSeconds: 600 }, selfTest: () => holds };
  return withTestBed({ engine, config, surroundings: { unixTime: () => now } }, async (bed) => {
    await bed.update();
    await bed.until("idle", () => bed.agent?.state === "idle");
    holds = true;
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("the refusal", () =>
      bed.platform.words().includes("fail -5 reverted before: offer it again later"),
    );
    now += 601;
    await bed.until("idle", () => bed.agent?.state === "idle");
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("done", () => bed.platform.words().includes("done"));
    assert.equal(bed.slots().running.version, "0.2.0");
  });
});

/** For the boot loader a restart (by a watchdog too) and a change of the battery are the same. */
testOnEngines(
  "a restart during the trial reverts, is reported, and does not stop the image from being installed again",
  (engine) => {
    let disturbed = false;
    const selfTest = (): Promise<boolean> => {
      if (disturbed) return Promise.resolve(true);
      disturbed = true;
      return new Promise(() => {});
    };
    return withTestBed({ engine, config: { policy: POLICY, selfTest } }, async (bed) => {
      offered(bed);
      await bed.until("the trial", () => disturbed);
      bed.board.cutPower();
      bed.board.powerOn();
      await bed.until("the report", () =>
        bed.platform.words().includes("fail -5 restarted during its trial, reverted"),
      );
      await bed.until("done", () => bed.platform.words().includes("done"));
      assert.equal(bed.slots().running.version, "0.2.0");
    });
  },
);

testOnEngines("a manifest next to the firmware is read, and its requirements hold", (engine) => {
  let battery = 20;
  return withTestBed(
    { engine, config: { policy: { recheckSeconds: 0.02 } }, surroundings: { batteryPercent: () => battery } },
    async (bed) => {
      bed.server.manifest = '{"minBatteryPercent":50,"unknown":[]}';
      offered(bed);
      await bed.until("the wait", () => bed.logged.lines.some((line) => line.includes("waits: battery 20, wanted 50")));
      battery = 50;
      await bed.ended();
      assert.match(bed.server.requests[0]!.target, /^\/[^?]*\.json\?sign=/);
      assert.equal(bed.slots().running.version, "0.2.0");
    },
  );
});

testOnEngines("a server that sends a page in the place of a manifest has none", (engine) =>
  withTestBed({ engine, config: { policy: {} }, image: imageOf("0.2.0", 64 * 1024) }, async (bed) => {
    bed.server.manifest = "<!DOCTYPE html><title>Not found</title>";
    await bed.update();
    assert.equal(bed.slots().running.version, "0.2.0");
    assert.equal(bed.logged.lines.filter((line) => line.startsWith("warn plan no manifest of 0.2.0")).length, 1);
  }),
);

testOnEngines("without a manifest all goes as ever", (engine) =>
  withTestBed({ engine, config: { policy: {} }, image: imageOf("0.2.0", 64 * 1024) }, async (bed) => {
    await bed.update();
    assert.equal(bed.server.requests.length, 2);
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);
