import assert from "node:assert/strict";
import { test } from "node:test";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import { IdleGateway, measureSubDevices } from "../support/sub-device-cost.js";

/** What an idle sub-device may cost the engine. */
const BUDGET = 400;

test("an idle sub-device costs the engine little", { timeout: 300_000 }, async (context) => {
  const { bytesEach, slotsEach, chunkBytesEach } = await measureSubDevices(200);
  context.diagnostic(
    `each of 200 idle sub-devices: ${bytesEach} bytes, ${slotsEach} slots and ${chunkBytesEach} bytes of chunks`,
  );
  assert.ok(bytesEach <= BUDGET, `${bytesEach} bytes`);
});

// Plans take room of their own.
for (const policy of [undefined, { minBatteryPercent: 30 }]) {
  const held = policy === undefined ? "" : ", held to a policy";
  test(`one of 200 sub-devices is updated in the heap of an ESP32, and then all are unbound${held}`, {
    timeout: 300_000,
  }, async (context) => {
    await IdleGateway.run({ count: 200, byteLength: 300 * 1024, policy }, async (gateway) => {
      await gateway.update("2.0.0");
      const { slots, chunkBytes, stack } = await gateway.measure();
      const free = `${slots.free} of ${ESP32_HEAP.slots} slots and ${chunkBytes.free} of ${ESP32_HEAP.chunkBytes} bytes of chunks free`;
      context.diagnostic(`after the update: ${free}, stack ${stack.peak} of ${stack.slots}`);
      const paths = gateway.bed.server.requests.map(({ target }) => target.replace(/\?.*/, ""));
      assert.deepEqual(paths, [...(policy === undefined ? [] : ["/firmware.bin.json"]), "/firmware.bin"]);
      await gateway.unbind();
    });
  });
}

test("a gateway of 150 sub-devices lives on in the heap of an ESP32, whatever hundreds of devices do at once", {
  timeout: 300_000,
}, async (context) => {
  await IdleGateway.run({ count: 150, byteLength: 4096 }, async (gateway) => {
    // One message that binds its own and others, and 300 that bind one each.
    await gateway.change({ known: 150, others: 130 });
    await gateway.changes(300);
    assert.equal(await gateway.describe(150), 150);
    const ends = await gateway.bind(200);
    assert.deepEqual(new Set(ends), new Set(["bound", "gateway-refused"]));
    context.diagnostic(`${ends.filter((end) => end === "bound").length} of 200 binds were taken, 50 a second`);
    await gateway.remove();
    assert.equal(gateway.connects, 1);
    const { slots, chunkBytes } = await gateway.measure();
    context.diagnostic(`most in use: ${slots.peak - slots.sealed} slots, ${chunkBytes.peak - chunkBytes.sealed} bytes`);
  });
});
