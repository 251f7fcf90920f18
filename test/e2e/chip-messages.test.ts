import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ESP32_C3 } from "../../hal/boards/family/chips.js";
import { ESP32_HEAP, heapOf } from "../../hal/boards/xs/heap.js";
import { ChipEngine } from "../support/chip-engine.js";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

const TOPIC = `$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`;

const list = (count: number, entry: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => entry(index));
const names = (batch: number): string =>
  JSON.stringify(Object.fromEntries(list(60, (index) => [`name_${batch}_${index}`, index]) as [string, unknown][]));

/** Messages of ordinary size whose objects do not fit into an ESP32's memory. */
const MESSAGES: { readonly [what: string]: readonly string[] } = {
  "a list of 2,000 numbers": [JSON.stringify({ type: "other", list: list(2000, () => 1) })],
  "a list of 1,200 empty texts": [JSON.stringify({ list: list(1200, () => ""), type: "other" })],
  "100 messages with 60 new names each": list(100, (batch) => names(batch as number)) as string[],
  "a text of 13,000 bytes": [JSON.stringify({ type: "other", text: "x".repeat(13_000) })],
  "a text of 13,000 bytes that is read": [JSON.stringify({ type: "other", version: "x".repeat(13_000) })],
  "a list of 300 empty objects": [JSON.stringify({ type: "other", payload: { devices: list(300, () => ({})) } })],
  "3,000 levels of nesting": [`{"type":${"[".repeat(3000)}`],
};

for (const [board, heap] of [
  ["the heap of an ESP32", ESP32_HEAP],
  ["the heap of an ESP32-C3", heapOf(ESP32_C3)],
] as const) {
  describe(`in ${board} the agent goes on, and updates, after`, () => {
    let engine: ChipEngine;
    // The first one on a machine is compiled.
    before(async () => {
      engine = await ChipEngine.create({ heap });
    });
    for (const [what, messages] of Object.entries(MESSAGES)) {
      test(what, { timeout: 120_000 }, async () => {
        await withTestBed({ engine, image: imageOf("0.2.0", 16 * 1024) }, async (bed) => {
          bed.board.powerOn();
          await bed.until("version", () => bed.platform.words().length > 0);
          for (const message of messages) bed.platform.send(TOPIC, message);
          bed.platform.offer(DEVICE, bed.offer());
          await bed.ended();
          assert.equal(bed.slots().running.version, "0.2.0");
        });
      });
    }
  });
}
