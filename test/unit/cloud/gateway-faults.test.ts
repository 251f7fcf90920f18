import assert from "node:assert/strict";
import { test } from "node:test";
import { REORDER_WAIT_MS } from "../../../cloud/gateway-faults.js";
import { bindEntry, deviceEntry, GatewayTestBed, LIGHT } from "../../support/gateway-test-bed.js";
import { PRODUCT, SECRET } from "../../support/platform-test-bed.js";

const SECOND = { productId: PRODUCT, deviceName: "light_02" };

async function withTwo(body: (bed: GatewayTestBed) => void): Promise<void> {
  await GatewayTestBed.run(async (bed) => {
    await bed.platform.addDevice({ ...SECOND, deviceSecret: SECRET });
    for (const light of [LIGHT, SECOND]) assert.equal(bed.result("bind", bindEntry(light)), 0);
    body(bed);
  });
}

test("a forced result is answered and nothing is done, for an operation, or one device of it", async () => {
  await withTwo((bed) => {
    const { gatewayFaults } = bed.bed;
    gatewayFaults.results = { online: -2, "online:light_02": 0, bind: 804 };
    const [answer] = bed.ask("online", [deviceEntry(LIGHT), deviceEntry(SECOND)]);
    assert.deepEqual(
      answer?.payload.devices.map(({ result }) => result),
      [-2, 0],
    );
    assert.deepEqual(
      [LIGHT, SECOND].map((light) => bed.isOnline(light)),
      [false, false],
    );
    assert.equal(bed.result("bind", bindEntry(LIGHT)), 804);
    assert.equal(bed.result("offline", deviceEntry(LIGHT)), 0);
    delete gatewayFaults.results;
    assert.equal(bed.result("online", deviceEntry(LIGHT)), 0);
    assert.equal(bed.isOnline(LIGHT), true);
  });
});

test("a delayed answer comes after its time, and what was asked for is done at once", async () => {
  await withTwo((bed) => {
    bed.bed.gatewayFaults.delayMs = 500;
    assert.deepEqual(bed.ask("online", [deviceEntry(LIGHT)]), []);
    assert.equal(bed.isOnline(LIGHT), true);
    const from = bed.bed.published.length;
    bed.bed.tick(499);
    assert.deepEqual(bed.answers(from), []);
    bed.bed.tick(1);
    assert.equal(bed.answers(from).length, 1);
  });
});

test("every n-th answer is lost", async () => {
  await withTwo((bed) => {
    // Two answers were sent before this one.
    bed.bed.gatewayFaults.loseEvery = 3;
    const answered = Array.from({ length: 6 }, () => bed.ask("online", [deviceEntry(LIGHT)]).length);
    assert.deepEqual(answered, [0, 1, 1, 0, 1, 1]);
  });
});

test("out of order: the later answer goes first, an only one after its wait, and devices of one are turned around", async () => {
  await withTwo((bed) => {
    bed.bed.gatewayFaults.reorder = true;
    const from = bed.bed.published.length;
    bed.ask("online", [deviceEntry(LIGHT), deviceEntry(SECOND)]);
    assert.deepEqual(bed.answers(from), []);
    bed.ask("offline", [deviceEntry(SECOND)]);
    assert.deepEqual(
      bed.answers(from).map(({ type }) => type),
      ["offline", "online"],
    );
    assert.deepEqual(
      bed.answers(from)[1]?.payload.devices.map((device) => device.device_name),
      ["light_02", "light_01"],
    );
    bed.ask("unbind", [deviceEntry(SECOND)]);
    bed.bed.tick(REORDER_WAIT_MS - 1);
    assert.equal(bed.answers(from).length, 2);
    bed.bed.tick(1);
    assert.deepEqual(
      bed.answers(from).map(({ type }) => type),
      ["offline", "online", "unbind"],
    );
  });
});

test("an unbind is answered as bind if the document's example is followed", async () => {
  await withTwo((bed) => {
    bed.bed.gatewayFaults.unbindAsBind = true;
    const [answer] = bed.ask("unbind", [deviceEntry(LIGHT)]);
    assert.deepEqual(answer, { type: "bind", payload: { devices: [{ ...deviceEntry(LIGHT), result: 0 }] } });
    assert.equal(bed.result("online", deviceEntry(LIGHT)), -1);
    assert.equal(bed.ask("online", [deviceEntry(SECOND)])[0]?.type, "online");
  });
});
