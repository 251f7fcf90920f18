import assert from "node:assert/strict";
import type { OtaConfig, Plan } from "../../src/index.js";
import { testOnEngines } from "../support/engines.js";
import { GatewayTestBed, type GatewayTestBedOptions, PRODUCT } from "../support/sub-device-test-bed.js";

/** The policy is checked often, so that a test does not wait ten seconds for it. */
const POLICY = { recheckSeconds: 0.02 } as const;
const OWN = { productId: "ABCDE12345", deviceName: "board_01" };
const ALL = ["light1", "light2", "light3"];

function withPolicy(
  policy: OtaConfig["policy"] = {},
  names = ALL,
): Pick<GatewayTestBedOptions, "config" | "subDevices"> {
  return { config: { policy: { ...POLICY, ...policy } }, subDevices: names.map((deviceName) => ({ deviceName })) };
}

/** Collects the plans of every boot. */
function shown(gateway: GatewayTestBed): Plan[] {
  const plans: Plan[] = [];
  const { onAgent } = gateway.bed;
  gateway.bed.onAgent = (agent) => {
    onAgent(agent);
    agent.on("plan", (plan) => plans.push(plan));
  };
  return plans;
}

function failOf(gateway: GatewayTestBed, deviceName: string): string | undefined {
  return gateway.words(deviceName).find((word) => word.startsWith("fail"));
}

function fetches({ bed }: GatewayTestBed): string[] {
  return bed.server.requests.map(({ target }) => target.replace(/\?.*/, "")).filter((path) => !path.endsWith(".json"));
}

testOnEngines("one yes, asked for before anything is fetched, is good for all lights of the product", (engine) =>
  GatewayTestBed.run({ engine, ...withPolicy() }, async (gateway) => {
    const { bed } = gateway;
    const plans = shown(gateway);
    gateway.pending("2.0.0", ...ALL);
    bed.board.powerOn();
    await bed.until("a plan", () => plans.length > 0 && ALL.every((name) => gateway.words(name).length > 0));
    const { component, deviceName = "", step, version, asks } = plans[0]!;
    assert.deepEqual(
      { component, step, version, asks },
      { component: PRODUCT, step: "download", version: "2.0.0", asks: true },
    );
    assert.deepEqual(fetches(gateway), []);
    assert.ok(gateway.events.includes(`${deviceName} offered`));
    plans[0]!.accept();
    await gateway.ended(...ALL);
    for (const name of ALL) assert.equal(gateway.sub(name).version(), "2.0.0");
    assert.equal(fetches(gateway).length, 1);
    assert.equal(bed.server.requests.length, 4, "a manifest is asked for with each");
    await bed.until("the plans of all", () => plans.length === 3);
    assert.deepEqual(
      plans.map(({ asks }) => asks),
      [true, false, false],
    );
    assert.deepEqual(plans.map((plan) => plan.deviceName).sort(), ALL);
  }),
);

testOnEngines("one no is -5 for all lights of the product", (engine) =>
  GatewayTestBed.run({ engine, ...withPolicy() }, async (gateway) => {
    const { bed } = gateway;
    const plans = shown(gateway);
    gateway.pending("2.0.0", ...ALL);
    bed.board.powerOn();
    await bed.until("a plan", () => plans.length > 0);
    plans[0]!.decline("not in winter");
    await gateway.ended(...ALL);
    const fails = ALL.map((name) => failOf(gateway, name)).sort();
    assert.deepEqual(fails, ["fail -5 declined before", "fail -5 declined before", "fail -5 declined: not in winter"]);
    assert.deepEqual(fetches(gateway), []);
  }),
);

testOnEngines("a manifest's source version binds each light by what runs there, without a question", (engine) =>
  GatewayTestBed.run(
    {
      engine,
      config: { policy: POLICY },
      subDevices: [{ deviceName: "old", version: "0.9.0" }, { deviceName: "new" }],
    },
    async (gateway) => {
      const { bed } = gateway;
      bed.server.manifest = JSON.stringify({ sourceVersion: "1.0.0" });
      gateway.pending("2.0.0", "old", "new");
      bed.board.powerOn();
      await gateway.ended("old", "new");
      assert.equal(failOf(gateway, "old"), "fail -5 for version 1.0.0, not 0.9.0");
      assert.deepEqual([gateway.sub("old").version(), gateway.sub("new").version()], ["0.9.0", "2.0.0"]);
    },
  ),
);

testOnEngines("the gateway's battery binds its lights", (engine) => {
  let battery = 20;
  const surroundings = { batteryPercent: () => battery, signalDbm: () => -60 };
  return GatewayTestBed.run(
    { engine, ...withPolicy({ minBatteryPercent: 30 }, ["light1"]), surroundings },
    async (gateway) => {
      const { bed } = gateway;
      gateway.pending("2.0.0", "light1");
      bed.board.powerOn();
      await bed.until("the wait", () =>
        bed.logged.lines.some((line) => line.includes(`${PRODUCT}/light1 waits: battery 20, wanted 30`)),
      );
      assert.deepEqual(fetches(gateway), []);
      battery = 30;
      await gateway.ended("light1");
      assert.equal(gateway.sub("light1").version(), "2.0.0");
    },
  );
});

testOnEngines("a deferral goes on through a power cut", (engine) => {
  let unix = 1_800_000_000;
  return GatewayTestBed.run(
    { engine, ...withPolicy({ manifest: false }, ["light1", "light2"]), surroundings: { unixTime: () => unix } },
    async (gateway) => {
      const { bed } = gateway;
      const plans = shown(gateway);
      const waits = (): boolean => bed.logged.lines.some((line) => line.includes("waits: deferral"));
      gateway.pending("2.0.0", "light1", "light2");
      bed.board.powerOn();
      await bed.until("a plan", () => plans.length > 0);
      plans[0]!.defer({ seconds: 3600 });
      await bed.until("the deferral in flash", waits);
      bed.board.cutPower();
      bed.logged.lines.length = 0;
      bed.board.powerOn();
      await bed.until("the deferral after the restart", waits);
      assert.equal(plans.length, 1);
      unix += 3601;
      await bed.until("the plan again", () => plans.length > 1);
      assert.equal(plans[1]!.deferralsLeft, 2);
      plans[1]!.accept();
      await gateway.ended("light1", "light2");
      assert.equal(plans.filter(({ asks }) => asks).length, 2);
    },
  );
});

testOnEngines("a power cut between the yes and the first byte asks nobody again", (engine) =>
  GatewayTestBed.run({ engine, ...withPolicy({ manifest: false }, ["light1", "light2"]) }, async (gateway) => {
    const { bed } = gateway;
    const plans = shown(gateway);
    let cut = false;
    bed.server.onRequest = () => {
      if (cut) return;
      cut = true;
      bed.board.cutPower();
      setTimeout(() => bed.board.powerOn(), 50);
    };
    gateway.pending("2.0.0", "light1", "light2");
    bed.board.powerOn();
    await bed.until("a plan", () => plans.length > 0);
    plans[0]!.accept();
    await gateway.ended("light1", "light2");
    assert.equal(bed.boots.length, 2);
    assert.equal(plans.filter(({ asks }) => asks).length, 1);
  }),
);

testOnEngines("the gateway's own update does not wait for the answer to its lights'", (engine) =>
  GatewayTestBed.run({ engine, ...withPolicy({ manifest: false }, ["light1"]) }, async (gateway) => {
    const { bed, platform } = gateway;
    const plans = shown(gateway);
    const closed: string[] = [];
    const first = bed.onAgent;
    bed.onAgent = (agent) => {
      first(agent);
      agent.on("plan", (plan) => {
        if (plan.component === "firmware") plan.accept();
        else void plan.closed().then(() => closed.push("light1"));
      });
    };
    gateway.pending("2.0.0", "light1");
    bed.board.powerOn();
    await bed.until("a plan", () => plans.length > 0);
    platform.pendingFor.set(`${OWN.productId}/${OWN.deviceName}`, () => bed.offer("0.2.0"));
    platform.offer(OWN, bed.offer("0.2.0"));
    await bed.until("own update", () => platform.wordsOf(OWN).includes("version 0.2.0"));
    assert.deepEqual(closed, ["light1"]);
    const asked = (): Plan[] => plans.filter(({ component, asks }) => asks && component === PRODUCT);
    await bed.until("the question again", () => asked().length === 2);
    asked()[1]!.accept();
    await gateway.ended("light1");
    assert.equal(gateway.sub("light1").version(), "2.0.0");
  }),
);
