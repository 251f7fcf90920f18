import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultyAnswers, type GatewayFaults, REORDER_WAIT_MS } from "../../../../cloud/platform/gateway-faults.js";
import { bindEntry, deviceEntry, GatewayTestBed, LIGHT } from "../../../support/gateway-test-bed.js";
import { PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { until } from "../../../support/running-broker.js";

const ANSWER = {
  type: "online",
  payload: { devices: [{ device_name: "light_01" }, { device_name: "light_02" }] },
} as const;

/** What is sent with these faults: the type and the names of the devices. */
function answersWith(faults: GatewayFaults) {
  const sent: string[] = [];
  const send = (_topic: string, text: string): void => {
    const { type, payload } = JSON.parse(text) as typeof ANSWER;
    sent.push([type, ...payload.devices.map((device) => device.device_name)].join(" "));
  };
  return { answers: new FaultyAnswers({ faults, send }), sent };
}

const SECOND = { productId: PRODUCT, deviceName: "light_02" };

async function withTwo(body: (bed: GatewayTestBed) => Promise<void>): Promise<void> {
  await GatewayTestBed.run(async (bed) => {
    await bed.desk.addDevice({ ...SECOND, deviceSecret: SECRET });
    for (const light of [LIGHT, SECOND]) assert.equal(await bed.result("bind", bindEntry(light)), 0);
    await body(bed);
  });
}

test("a forced result is answered and nothing is done, for an operation, or one device of it", async () => {
  await withTwo(async (bed) => {
    const { gatewayFaults } = bed.bed;
    gatewayFaults.results = { online: -2, "online:light_02": 0, bind: 804 };
    const [answer] = await bed.ask("online", [deviceEntry(LIGHT), deviceEntry(SECOND)]);
    assert.deepEqual(
      answer?.payload.devices.map(({ result }) => result),
      [-2, 0],
    );
    assert.deepEqual(
      [LIGHT, SECOND].map((light) => bed.isOnline(light)),
      [false, false],
    );
    assert.equal(await bed.result("bind", bindEntry(LIGHT)), 804);
    assert.equal(await bed.result("offline", deviceEntry(LIGHT)), 0);
    delete gatewayFaults.results;
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), 0);
    assert.equal(bed.isOnline(LIGHT), true);
  });
});

test("a delayed answer comes after its time, and what was asked for is done at once", async (context) => {
  await withTwo(async (bed) => {
    bed.bed.gatewayFaults.delayMs = 100;
    const from = bed.bed.published.length;
    assert.deepEqual(await bed.ask("online", [deviceEntry(LIGHT)]), []);
    assert.equal(bed.isOnline(LIGHT), true);
    await until(() => bed.answers(from).length === 1);
  });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { answers, sent } = answersWith({ delayMs: 500 });
  answers.send("topic", ANSWER);
  context.mock.timers.tick(499);
  assert.deepEqual(sent, []);
  context.mock.timers.tick(1);
  assert.deepEqual(sent, ["online light_01 light_02"]);
});

test("every n-th answer is lost", async () => {
  await withTwo(async (bed) => {
    // Two answers were sent before this one.
    bed.bed.gatewayFaults.loseEvery = 3;
    const answered: number[] = [];
    for (let count = 0; count < 6; count++) answered.push((await bed.ask("online", [deviceEntry(LIGHT)])).length);
    assert.deepEqual(answered, [0, 1, 1, 0, 1, 1]);
  });
});

test("out of order: the later answer goes first, an only one after its wait, and devices of one are turned around", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { answers, sent } = answersWith({ reorder: true });
  answers.send("topic", ANSWER);
  assert.deepEqual(sent, []);
  answers.send("topic", { ...ANSWER, type: "offline" });
  assert.deepEqual(sent, ["offline light_02 light_01", "online light_02 light_01"]);
  answers.send("topic", { ...ANSWER, type: "unbind" });
  context.mock.timers.tick(REORDER_WAIT_MS - 1);
  assert.equal(sent.length, 2);
  context.mock.timers.tick(1);
  assert.equal(sent[2], "unbind light_02 light_01");
});

test("an unbind is answered as bind if the document's example is followed", async () => {
  await withTwo(async (bed) => {
    bed.bed.gatewayFaults.unbindAsBind = true;
    const [answer] = await bed.ask("unbind", [deviceEntry(LIGHT)]);
    assert.deepEqual(answer, { type: "bind", payload: { devices: [{ ...deviceEntry(LIGHT), result: 0 }] } });
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), -1);
    assert.equal((await bed.ask("online", [deviceEntry(SECOND)]))[0]?.type, "online");
  });
});
