import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDownlink } from "../../src/protocol/messages.js";
import { ESP32_HEAP, measureHeap } from "../../hal/boards/xs/heap.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import { ChipEngine } from "../support/chip-engine.js";
import { Flood, type FloodMessage } from "../support/flood.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { GatewayTestBed, PRODUCT } from "../support/sub-device-test-bed.js";
import { DEVICE, imageOf } from "../support/test-bed.js";

const MESSAGES = 10_000;
/** So many are on their way at once. */
const BATCH = 50;
const TIMEOUT_MS = 60_000;
const NAMES = Array.from({ length: 8 }, (_, index) => `light${index}`);

function topicOf({ to }: FloodMessage): string {
  if (to === "own") return `$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`;
  if (to === "gateway") return `$gateway/operation/result/${DEVICE.productId}/${DEVICE.deviceName}`;
  return `$ota/update/${PRODUCT}/${NAMES[to]}`;
}

/** What the agent must say of a message to itself. */
function wordOf({ to, payload }: FloodMessage): string | undefined {
  if (to !== "own") return undefined;
  const message = decodeDownlink(payload);
  if (message.type === "version-answer") return `answer ${JSON.stringify(message.answer)}`;
  return message.type === "malformed" ? `warn mqtt message refused: ${message.reason}` : undefined;
}

test(`${MESSAGES} messages of all kinds and sizes do not end an engine with an ESP32's memory (${REPEAT})`, {
  timeout: 600_000,
}, async (context) => {
  const engine = await ChipEngine.create({ realTime: true });
  const subDevices = NAMES.map((deviceName) => ({ deviceName }));
  await GatewayTestBed.run({ engine, subDevices, image: imageOf("0.2.0", 16 * 1024) }, async (scene) => {
    const { bed, platform } = scene;
    const { url } = bed.server;
    const flood = new Flood({
      random: new SeededRandom(),
      productId: PRODUCT,
      deviceNames: NAMES,
      urls: [url, `${url}x`, "http://127.0.0.1:1/f", "https://127.0.0.1:1/f"],
    });
    const expected: string[] = [];
    const said: string[] = [];
    let synchronised = "";
    bed.onAgent = (agent) =>
      agent.on("answer", (answer) => {
        if (answer.resultMessage.startsWith("sync ")) synchronised = answer.resultMessage;
        else said.push(`answer ${JSON.stringify(answer)}`);
      });
    platform.answering = false;
    bed.board.powerOn();
    await bed.until("versions", () => NAMES.every((name) => scene.words(name).length > 0), TIMEOUT_MS);

    for (let sent = 0; sent < MESSAGES; sent += BATCH) {
      const lines = bed.logged.lines.length;
      for (let index = 0; index < BATCH; index++) {
        const message = flood.next();
        const word = wordOf(message);
        if (word !== undefined) expected.push(word);
        platform.send(topicOf(message), Buffer.from(message.payload));
      }
      const sync = { type: "report_version_rsp", result_code: 0, result_msg: `sync ${sent}` };
      platform.send(topicOf({ to: "own", payload: new Uint8Array(0) }), JSON.stringify(sync));
      await bed.until(`batch at ${sent} (${REPEAT})`, () => synchronised === sync.result_msg, TIMEOUT_MS);
      said.push(...bed.logged.lines.slice(lines).filter((line) => line.startsWith("warn mqtt message refused")));
      assert.deepEqual(said.map(beginningOf).sort(), expected.map(beginningOf).sort(), REPEAT);
      expected.length = said.length = 0;
    }
    assert.equal(platform.connects, 1, `the connection was dropped: ${REPEAT}`);

    const { slots, chunkBytes } = await measureHeap(engine.worker as XsWorker);
    context.diagnostic(
      `most in use, garbage included: ${slots.peak - slots.sealed} of ${ESP32_HEAP.slots} slots, ` +
        `${chunkBytes.peak - chunkBytes.sealed} of ${ESP32_HEAP.chunkBytes} bytes of chunks`,
    );
    platform.answering = true;
    platform.reports.length = 0;
    platform.offer(DEVICE, bed.offer());
    await bed.until("update", () => platform.wordsOf(DEVICE).at(-1) === "version 0.2.0", TIMEOUT_MS);
    assert.equal(bed.slots().running.version, "0.2.0");
  });
});

/**
 * A text is cut after so many units of the engine. For a character outside of the BMP that is two on Node and one on
 * XS, so that the ends of long texts may differ.
 */
function beginningOf(line: string): string {
  return [...line].slice(0, 70).join("");
}
