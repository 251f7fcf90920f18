import assert from "node:assert/strict";
import { test } from "node:test";
import { LISTENER_SLOTS, STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import { ChipEngine } from "../support/chip-engine.js";
import { GatewayTestBed } from "../support/sub-device-test-bed.js";
import { imageOf } from "../support/test-bed.js";

const TIMEOUT_MS = 60_000;

test("ten sub-devices are updated one after the other, each offered as the last one's result comes, with the stack that a listener leaves", {
  timeout: 300_000,
}, async () => {
  const heap = { ...ESP32_HEAP, stackSlots: STACK_SLOTS - LISTENER_SLOTS };
  const engine = await ChipEngine.create({ heap, realTime: true });
  const names = Array.from({ length: 10 }, (_, index) => `light${index}`);
  const subDevices = names.map((deviceName) => ({ deviceName }));
  await GatewayTestBed.run({ engine, subDevices, image: imageOf("2.0.0", 16 * 1024) }, async (scene) => {
    const { bed, platform } = scene;
    const done: string[] = [];
    // The next offer is on its way before the acknowledgement of this result: both come in one piece.
    platform.onReport = ({ topic, message }) => {
      if (message.report.progress?.state !== "done") return;
      done.push(topic.slice(topic.lastIndexOf("/") + 1));
      const next = names[done.length];
      if (next !== undefined) scene.offer("2.0.0", next);
    };
    bed.board.powerOn();
    await bed.until("versions", () => names.every((name) => scene.words(name).length > 0), TIMEOUT_MS);
    scene.offer("2.0.0", names[0] as string);
    await bed.until("all", () => names.every((name) => scene.words(name).at(-1) === "version 2.0.0"), TIMEOUT_MS);
    assert.deepEqual(done, names);
    assert.equal(platform.connects, 1);
  });
});
