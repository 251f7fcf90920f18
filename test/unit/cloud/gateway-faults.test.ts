import assert from "node:assert/strict";
import { test } from "node:test";
import { REORDER_WAIT_MS } from "../../../cloud/gateway-faults.js";
import { bindEntry, deviceEntry, GatewayBench, LIGHT } from "../../support/gateway-bench.js";
import { PRODUCT, SECRET } from "../../support/platform-bench.js";

const SECOND = { productId: PRODUCT, deviceName: "light_02" };

async function withTwo(body: (bench: GatewayBench) => void): Promise<void> {
  await GatewayBench.run(async (bench) => {
    await bench.platform.addDevice({ ...SECOND, deviceSecret: SECRET });
    for (const light of [LIGHT, SECOND]) assert.equal(bench.result("bind", bindEntry(light)), 0);
    body(bench);
  });
}

test("a forced result is answered and nothing is done, for an operation, or one device of it", async () => {
  await withTwo((bench) => {
    const { gatewayFaults } = bench.bench;
    gatewayFaults.results = { online: -2, "online:light_02": 0, bind: 804 };
    const [answer] = bench.ask("online", [deviceEntry(LIGHT), deviceEntry(SECOND)]);
    assert.deepEqual(
      answer?.payload.devices.map(({ result }) => result),
      [-2, 0],
    );
    assert.deepEqual(
      [LIGHT, SECOND].map((light) => bench.isOnline(light)),
      [false, false],
    );
    assert.equal(bench.result("bind", bindEntry(LIGHT)), 804);
    assert.equal(bench.result("offline", deviceEntry(LIGHT)), 0);
    delete gatewayFaults.results;
    assert.equal(bench.result("online", deviceEntry(LIGHT)), 0);
    assert.equal(bench.isOnline(LIGHT), true);
  });
});

test("a delayed answer comes after its time, and what was asked for is done at once", async () => {
  await withTwo((bench) => {
    bench.bench.gatewayFaults.delayMs = 500;
    assert.deepEqual(bench.ask("online", [deviceEntry(LIGHT)]), []);
    assert.equal(bench.isOnline(LIGHT), true);
    const from = bench.bench.published.length;
    bench.bench.tick(499);
    assert.deepEqual(bench.answers(from), []);
    bench.bench.tick(1);
    assert.equal(bench.answers(from).length, 1);
  });
});

test("every n-th answer is lost", async () => {
  await withTwo((bench) => {
    // Two answers went before.
    bench.bench.gatewayFaults.loseEvery = 3;
    const answered = Array.from({ length: 6 }, () => bench.ask("online", [deviceEntry(LIGHT)]).length);
    assert.deepEqual(answered, [0, 1, 1, 0, 1, 1]);
  });
});

test("out of order: the later answer goes first, an only one after its wait, and devices of one are turned around", async () => {
  await withTwo((bench) => {
    bench.bench.gatewayFaults.reorder = true;
    const from = bench.bench.published.length;
    bench.ask("online", [deviceEntry(LIGHT), deviceEntry(SECOND)]);
    assert.deepEqual(bench.answers(from), []);
    bench.ask("offline", [deviceEntry(SECOND)]);
    assert.deepEqual(
      bench.answers(from).map(({ type }) => type),
      ["offline", "online"],
    );
    assert.deepEqual(
      bench.answers(from)[1]?.payload.devices.map((device) => device.device_name),
      ["light_02", "light_01"],
    );
    bench.ask("unbind", [deviceEntry(SECOND)]);
    bench.bench.tick(REORDER_WAIT_MS - 1);
    assert.equal(bench.answers(from).length, 2);
    bench.bench.tick(1);
    assert.deepEqual(
      bench.answers(from).map(({ type }) => type),
      ["offline", "online", "unbind"],
    );
  });
});

test("an unbind is answered as bind where the document's example is followed", async () => {
  await withTwo((bench) => {
    bench.bench.gatewayFaults.unbindAsBind = true;
    const [answer] = bench.ask("unbind", [deviceEntry(LIGHT)]);
    assert.deepEqual(answer, { type: "bind", payload: { devices: [{ ...deviceEntry(LIGHT), result: 0 }] } });
    assert.equal(bench.result("online", deviceEntry(LIGHT)), -1);
    assert.equal(bench.ask("online", [deviceEntry(SECOND)])[0]?.type, "online");
  });
});
