import assert from "node:assert/strict";
import type { OtaConfig, Plan } from "../../src/index.js";
import { type Bench, DEVICE, imageOf } from "../support/bench.js";
import { testOnEngines } from "../support/engines.js";
import { withBench } from "../support/with-bench.js";

/** Looks often, so that a test does not wait for the ten seconds that users do. */
const POLICY = { recheckSeconds: 0.02, manifest: false } as const;

function withPolicy(policy: OtaConfig["policy"] = {}): { config: Partial<OtaConfig> } {
  return { config: { policy: { ...POLICY, ...policy } } };
}

/** Follows the plans of every boot. */
function shown(bench: Bench, onPlan: (plan: Plan) => void = () => {}): Plan[] {
  const plans: Plan[] = [];
  bench.onAgent = (agent) =>
    agent.on("plan", (plan) => {
      plans.push(plan);
      onPlan(plan);
    });
  return plans;
}

/** The platform has an update, and the board is on. */
function offered(bench: Bench): void {
  bench.platform.pending = () => bench.offer();
  bench.board.powerOn();
}

testOnEngines("a policy that has nothing to wait for lets an update go as ever", (engine) =>
  withBench({ engine, ...withPolicy() }, async (bench) => {
    await bench.update();
    assert.deepEqual(bench.platform.words().slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
  }),
);

testOnEngines("a plan waits for the listener's yes, says what it is, and nothing is fetched before", (engine) =>
  withBench({ engine, ...withPolicy() }, async (bench) => {
    const plans = shown(bench);
    offered(bench);
    await bench.until("a plan", () => plans.length > 0);
    const { component, kind, step, version, size, asks, unmet } = plans[0]!;
    assert.deepEqual(
      { component, kind, step, version, size, asks, unmet },
      {
        component: "firmware",
        kind: "module",
        step: "download",
        version: "0.2.0",
        size: bench.image.byteLength,
        asks: true,
        unmet: [],
      },
    );
    await bench.until("the state", () => bench.agent?.state === "offered");
    assert.equal(bench.server.requests.length, 0);
    plans[0]!.accept();
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

testOnEngines("a declined plan is reported as -5 with its reason, once, and not asked about again", (engine) =>
  withBench({ engine, ...withPolicy() }, async (bench) => {
    const plans = shown(bench, (plan) => plan.decline("not on a Sunday"));
    offered(bench);
    await bench.ended();
    assert.deepEqual(
      bench.platform.words().filter((word) => word.startsWith("fail")),
      ["fail -5 declined: not on a Sunday"],
    );
    bench.platform.offer(DEVICE, bench.offer());
    await bench.until("the second report", () => bench.platform.words().includes("fail -5 declined before"));
    assert.equal(plans.length, 1);
    assert.equal(bench.server.requests.length, 0);
    assert.equal(bench.slots().running.version, "0.1.0");
  }),
);

testOnEngines("a deferred plan comes back after a power cut, and not before its time", (engine) =>
  withBench({ engine, ...withPolicy(), surroundings: { unixTime: () => unix } }, async (bench) => {
    const plans = shown(bench);
    offered(bench);
    await bench.until("a plan", () => plans.length > 0);
    plans[0]!.defer({ seconds: 3600 });
    await bench.until("the deferral in flash", () =>
      bench.logged.lines.some((line) => line.includes("waits: deferral")),
    );
    bench.board.cutPower();
    bench.logged.lines.length = 0;
    bench.board.powerOn();
    await bench.until("the deferral after the restart", () =>
      bench.logged.lines.some((line) => line.includes("waits: deferral")),
    );
    assert.equal(plans.length, 1);
    unix += 3601;
    await bench.until("the plan again", () => plans.length > 1);
    assert.equal(plans[1]!.deferralsLeft, 2);
    plans[1]!.accept();
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);
let unix = 1_800_000_000;

testOnEngines("an unmet precondition waits and is no failure, until battery and signal are there", (engine) => {
  const vitals = { battery: 20, signal: -100 };
  const surroundings = { batteryPercent: () => vitals.battery, signalDbm: () => vitals.signal };
  return withBench(
    { engine, ...withPolicy({ minBatteryPercent: 30, minSignalDbm: -90 }), surroundings },
    async (bench) => {
      offered(bench);
      const said = (text: string): boolean => bench.logged.lines.some((line) => line.includes(text));
      await bench.until("the wait", () => said("waits: battery 20, wanted 30; signal -100, wanted -90"));
      vitals.battery = 30;
      await bench.until("the rest of it", () => said("firmware waits: signal -100, wanted -90"));
      assert.equal(bench.server.requests.length, 0);
      assert.ok(!bench.platform.words().some((word) => word.startsWith("fail")));
      vitals.signal = -90;
      await bench.ended();
      assert.equal(bench.slots().running.version, "0.2.0");
    },
  );
});

testOnEngines("downloaded now, installed in the window, also where the power is cut in between", (engine) => {
  let now = Date.parse("2026-03-01T12:00:00Z") / 1000;
  const policy = withPolicy({
    windows: [{ from: "23:00", to: "01:00" }],
    timeZoneOffsetMinutes: 60,
    installWhen: "window",
  });
  return withBench({ engine, ...policy, surroundings: { unixTime: () => now } }, async (bench) => {
    offered(bench);
    await bench.until("a whole image", () => bench.agent?.state === "ready");
    assert.equal(bench.checkpoint()?.phase, "verified");
    bench.board.cutPower();
    bench.board.powerOn();
    await bench.until("it again", () => bench.agent?.state === "ready");
    assert.equal(bench.server.requests.length, 1);
    now = Date.parse("2026-03-01T22:00:00Z") / 1000;
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  });
});

testOnEngines("consent can be asked before the installation alone", (engine) =>
  withBench({ engine, ...withPolicy({ consent: "silent", installWhen: "accepted" }) }, async (bench) => {
    const plans = shown(bench);
    offered(bench);
    await bench.until("the question", () => plans.some(({ asks }) => asks));
    assert.equal(bench.agent?.state, "ready");
    const question = plans.find(({ asks }) => asks)!;
    assert.equal(question.step, "install");
    question.accept();
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

testOnEngines("a download that is under way can be declined", (engine) =>
  withBench({ engine, ...withPolicy({ consent: "silent" }) }, async (bench) => {
    const plans = shown(bench);
    bench.server.behaviours = [{ stallAfter: 100 * 1024 }];
    offered(bench);
    await bench.until("progress", () => bench.progress > 0);
    plans[0]!.decline("changed my mind");
    await bench.ended();
    assert.ok(bench.platform.words().includes("fail -5 declined: changed my mind"));
  }),
);

testOnEngines("a deadline ends a download that takes too long", (engine) =>
  withBench({ engine, ...withPolicy({ deadlineSeconds: 1 }) }, async (bench) => {
    bench.server.behaviours = [{ stallAfter: 100 * 1024 }];
    offered(bench);
    await bench.ended();
    assert.ok(bench.platform.words().includes("fail -5 not installed within 1 s"));
  }),
);

testOnEngines("whoever is asked hears that the answer is not wanted any more", (engine) =>
  withBench({ engine, config: { policy: { ...POLICY, deadlineSeconds: 1 } } }, async (bench) => {
    let closed = 0;
    bench.onAgent = (agent) => agent.on("plan", (plan) => void plan.closed().then(() => closed++));
    offered(bench);
    await bench.until("the wait", () => bench.logged.lines.some((line) => line.includes("waits: an answer")));
    assert.equal(closed, 0);
    await bench.until("the deadline", () =>
      bench.platform.words().some((word) => word.includes("not installed within 1 s")),
    );
    await bench.until("the end of the question", () => closed === 1);
  }),
);

testOnEngines("an image for another version than runs is refused, with the reason", (engine) =>
  withBench({ engine, ...withPolicy() }, async (bench) => {
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.words().length > 0);
    const { productId, deviceName } = DEVICE;
    const offer = { type: "update_firmware", ...bench.offer(), sourceVersion: "0.0.9" };
    bench.platform.send(`$ota/update/${productId}/${deviceName}`, JSON.stringify(offer));
    await bench.ended();
    assert.ok(bench.platform.words().includes("fail -5 for version 0.0.9, not 0.1.0"));
  }),
);

testOnEngines("asked for, the version is reported again, and brings the plan that was missed", (engine) =>
  withBench({ engine, ...withPolicy() }, async (bench) => {
    const plans = shown(bench);
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.words().length > 0);
    bench.platform.pending = () => bench.offer();
    await bench.agent!.checkForUpdate();
    await bench.until("the plan", () => plans.length > 0);
    assert.deepEqual(bench.platform.words(), ["version 0.1.0", "version 0.1.0"]);
  }),
);

testOnEngines("the version is reported again by itself", (engine) =>
  withBench({ engine, config: { checkEverySeconds: 0.1 } }, async (bench) => {
    bench.board.powerOn();
    await bench.until("four reports", () => bench.platform.words().length > 3);
    assert.deepEqual(new Set(bench.platform.words()), new Set(["version 0.1.0"]));
  }),
);

testOnEngines("a self test that holds has the new firmware stay", (engine) =>
  withBench({ engine, config: { selfTest: () => Promise.resolve(true) } }, async (bench) => {
    await bench.update();
    assert.deepEqual(bench.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
  }),
);

testOnEngines("a self test that does not hold has it revert, and the old firmware says why", (engine) =>
  withBench({ engine, config: { selfTest: () => false } }, async (bench) => {
    await bench.update();
    assert.deepEqual(bench.boots, ["ota_0", "ota_1", "ota_0"]);
    assert.ok(bench.platform.words().includes("fail -5 self test failed"));
    assert.equal(bench.slots().running.version, "0.1.0");
  }),
);

testOnEngines("a self test that never ends has it revert too", (engine) =>
  withBench({ engine, config: { selfTest: () => new Promise(() => {}), selfTestSeconds: 0.1 } }, async (bench) => {
    await bench.update();
    assert.ok(bench.platform.words().includes("fail -5 self test: no end in time"));
  }),
);

testOnEngines("a reverted image is not installed again before its cool-down, and then it is", (engine) => {
  let holds = false;
  let now = 1_800_000_000;
  const config: Partial<OtaConfig> = { policy: { ...POLICY, coolDownSeconds: 600 }, selfTest: () => holds };
  return withBench({ engine, config, surroundings: { unixTime: () => now } }, async (bench) => {
    await bench.update();
    await bench.until("idle", () => bench.agent?.state === "idle");
    holds = true;
    bench.platform.offer(DEVICE, bench.offer());
    await bench.until("the refusal", () =>
      bench.platform.words().includes("fail -5 reverted before: offer it again later"),
    );
    now += 601;
    await bench.until("idle", () => bench.agent?.state === "idle");
    bench.platform.offer(DEVICE, bench.offer());
    await bench.until("done", () => bench.platform.words().includes("done"));
    assert.equal(bench.slots().running.version, "0.2.0");
  });
});

/** To the boot loader a restart, a watchdog's too, and a change of the battery are one. */
testOnEngines(
  "a restart during the trial reverts, is told, and does not stop the image from being installed again",
  (engine) => {
    let disturbed = false;
    const selfTest = (): Promise<boolean> => {
      if (disturbed) return Promise.resolve(true);
      disturbed = true;
      return new Promise(() => {});
    };
    return withBench({ engine, config: { policy: POLICY, selfTest } }, async (bench) => {
      offered(bench);
      await bench.until("the trial", () => disturbed);
      bench.board.cutPower();
      bench.board.powerOn();
      await bench.until("the report", () =>
        bench.platform.words().includes("fail -5 restarted during its trial, reverted"),
      );
      await bench.until("done", () => bench.platform.words().includes("done"));
      assert.equal(bench.slots().running.version, "0.2.0");
    });
  },
);

testOnEngines("a manifest next to the firmware is read, and its requirements hold", (engine) => {
  let battery = 20;
  return withBench(
    { engine, config: { policy: { recheckSeconds: 0.02 } }, surroundings: { batteryPercent: () => battery } },
    async (bench) => {
      bench.server.manifest = '{"minBatteryPercent":50,"unknown":[]}';
      offered(bench);
      await bench.until("the wait", () =>
        bench.logged.lines.some((line) => line.includes("waits: battery 20, wanted 50")),
      );
      battery = 50;
      await bench.ended();
      assert.match(bench.server.requests[0]!.target, /^\/[^?]*\.json\?sign=/);
      assert.equal(bench.slots().running.version, "0.2.0");
    },
  );
});

testOnEngines("without a manifest all goes as ever", (engine) =>
  withBench({ engine, config: { policy: {} }, image: imageOf("0.2.0", 64 * 1024) }, async (bench) => {
    await bench.update();
    assert.equal(bench.server.requests.length, 2);
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);
