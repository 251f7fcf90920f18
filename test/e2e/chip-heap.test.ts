import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DELTA_IN_C, DELTA_IN_JS } from "../../bench/model/computing.js";
import { ESP32_HEAP, type HeapStatistics, measureHeap } from "../../hal/boards/xs/heap.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { ChipEngine } from "../support/chip-engine.js";
import { ROOT } from "../support/root.js";
import { sealed, signerNamed } from "../support/seals.js";
import { MemoryMcu } from "../support/memory-mcu.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { measureSlotsPerBlock, measureUpdate } from "../support/update-cost.js";
import { withTestBed } from "../support/with-test-bed.js";

const KIB = 1024;
/**
 * Collections this far apart measure within a few per cent what is alive, and a test takes seconds. The bed's default
 * is 1.
 */
const STRIDE = 31;

interface Budgets {
  readonly peakHeapBytes: number;
  readonly bytecodesPerByte: number;
  readonly slotsPerBlock: number;
  readonly stackSlots: number;
}

const { budgets } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { budgets: Budgets };

function describe({ slots, chunkBytes, stack }: HeapStatistics): string {
  return (
    `slots ${slots.peak - slots.sealed} of ${ESP32_HEAP.slots} (${slots.live - slots.sealed} then alive), ` +
    `chunks ${chunkBytes.peak - chunkBytes.sealed} of ${ESP32_HEAP.chunkBytes} bytes ` +
    `(${chunkBytes.live - chunkBytes.sealed} then alive), stack ${stack.peak} of ${stack.slots}`
  );
}

test("an update of 1 MiB with a power cut and a resume passes in the heap of an ESP32", {
  timeout: 300_000,
}, async (context) => {
  const engine = await ChipEngine.create();
  await withTestBed({ engine, image: imageOf("0.2.0", 1024 * KIB) }, async (bed) => {
    const peaks: HeapStatistics[] = [];
    engine.beforeRestart = async (worker) => void peaks.push(await measureHeap(worker));
    bed.server.behaviours = [{ stallAfter: 600 * KIB }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("580 KiB", () => bed.progress >= 580 * KIB, 60_000);
    peaks.push(await measureHeap(engine.worker as XsWorker));
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("restart", () => peaks.length === 2, 60_000);
    await bed.ended();
    peaks.push(await measureHeap(engine.worker as XsWorker));

    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
    assert.equal(bed.server.requests.length, 2);
    for (const [index, phase] of ["to the cut", "resumed", "on trial"].entries()) {
      context.diagnostic(`peak with garbage, ${phase}: ${describe(peaks[index] as HeapStatistics)}`);
    }
  });
});

test("the garbage that a block of a download makes is within its budget", { timeout: 300_000 }, async (context) => {
  const slots = await measureSlotsPerBlock();
  context.diagnostic(`${slots.toFixed(1)} slots made per block of 4 KiB`);
  assert.ok(slots <= budgets.slotsPerBlock, `${slots} slots, and ${budgets.slotsPerBlock} are allowed`);
});

test("what an update of 1 MiB costs the engine is within its budget", { timeout: 300_000 }, async (context) => {
  const byteLength = 1024 * KIB;
  const { liveBytes, liveSlots, liveChunkBytes, bytecodes } = await measureUpdate({ byteLength, stride: STRIDE });
  const bytecodesPerByte = bytecodes / byteLength;
  context.diagnostic(`peak over idle: ${liveBytes} bytes (${liveSlots} slots, ${liveChunkBytes} bytes of chunks)`);
  context.diagnostic(`XS bytecodes per byte: ${bytecodesPerByte.toFixed(3)}`);
  // A block alone is 4 KiB: less would mean that nothing was measured.
  assert.ok(liveBytes > 4 * KIB && liveBytes <= budgets.peakHeapBytes, `${liveBytes} bytes`);
  assert.ok(
    bytecodesPerByte > 0.1 && bytecodesPerByte <= budgets.bytecodesPerByte,
    `${bytecodesPerByte} bytecodes per byte`,
  );
});

test("a delta of 1 MiB costs the engine at most 11 KiB more than the image as it is", {
  timeout: 600_000,
}, async (context) => {
  const byteLength = 1024 * KIB;
  const whole = await measureUpdate({ byteLength, stride: STRIDE });
  const delta = await measureUpdate({ byteLength, stride: STRIDE, packed: "minor" });
  const more = delta.liveBytes - whole.liveBytes;
  context.diagnostic(`${more} bytes more: ${whole.liveBytes} and ${delta.liveBytes}`);
  // Tables and a record alone take more than 7 KiB.
  assert.ok(more > 7 * KIB && more <= 11 * KIB, `${more} bytes`);
});
for (const [making, native] of [
  [DELTA_IN_JS, false],
  [DELTA_IN_C, true],
] as const) {
  test(`a minor delta of 1 MiB ${making.name} costs the engine what the bench takes for it`, {
    timeout: 300_000,
  }, async (context) => {
    const byteLength = 1024 * KIB;
    const { bytecodes } = await measureUpdate({ byteLength, stride: 0, packed: "minor", native });
    const bytecodesPerByte = bytecodes / byteLength;
    context.diagnostic(`XS bytecodes per byte: ${bytecodesPerByte.toFixed(3)}`);
    assert.ok(bytecodesPerByte <= making.bytecodes, `${bytecodesPerByte} bytecodes per byte`);
    assert.ok(
      bytecodesPerByte > 0.9 * making.bytecodes,
      `${bytecodesPerByte} bytecodes per byte: the bench exaggerates`,
    );
  });
}

test("plans, a manifest, an MCU and a self test pass in the heap of an ESP32 too", {
  timeout: 300_000,
}, async (context) => {
  const engine = await ChipEngine.create({ realTime: true });
  const mcu = new MemoryMcu();
  const config = {
    selfTest: () => Promise.resolve(true),
    policy: {
      minBatteryPercent: 10,
      windows: [
        { from: "00:00", to: "23:59" },
        { from: "23:59", to: "00:00" },
      ],
      deadlineSeconds: 3600,
      recheckSeconds: 0.05,
    },
  };
  const surroundings = { batteryPercent: () => 50, signalDbm: () => -60 };
  await withTestBed(
    { engine, config, surroundings, components: [mcu], image: imageOf("0.2.0", 256 * KIB) },
    async (bed) => {
      const peaks: HeapStatistics[] = [];
      engine.beforeRestart = async (worker) => void peaks.push(await measureHeap(worker));
      bed.onAgent = (agent) => agent.on("plan", (plan) => plan.accept());
      bed.server.manifest = '{"minBatteryPercent":20,"minSignalDbm":-90,"space":1000,"sourceVersion":"0.1.0"}';
      bed.board.powerOn();
      await bed.until("version", () => bed.platform.words().length > 0);
      bed.platform.offer(DEVICE, bed.offer());
      const offer = { type: "update_firmware", ...bed.offer("mcu_2.0.0"), sourceVersion: "1.0.0" };
      bed.platform.send(`$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`, JSON.stringify(offer));
      await bed.until("both done", () => bed.platform.words().filter((word) => word === "done").length === 2, 120_000);
      peaks.push(await measureHeap(engine.worker as XsWorker));
      assert.equal(mcu.running, "2.0.0");
      assert.equal(bed.slots().running.version, "0.2.0");
      for (const [index, phase] of ["to the restart", "on trial"].entries()) {
        context.diagnostic(`peak with garbage, ${phase}: ${describe(peaks[index] as HeapStatistics)}`);
      }
    },
  );
});

test("a sealed update, verified without native code, passes in the heap of an ESP32", {
  timeout: 300_000,
}, async (context) => {
  const engine = await ChipEngine.create();
  const vendor = signerNamed("vendor");
  const stranger = signerNamed("stranger");
  const version = "0.2.0";
  const bare = buildAppImage({ version, byteLength: 256 * KIB, seed: 1, secureVersion: 1 });
  const image = sealed(bare, { version, securityVersion: 1, signers: [stranger, vendor] });
  const config = { seal: { trusted: [vendor.pem, stranger.pem] } };
  await withTestBed({ engine, image, config, withoutSignatures: true }, async (bed) => {
    const peaks: HeapStatistics[] = [];
    engine.beforeRestart = async (worker) => void peaks.push(await measureHeap(worker));
    await bed.update();
    peaks.push(await measureHeap(engine.worker as XsWorker));
    assert.equal(bed.slots().running.version, version);
    for (const [index, phase] of ["to the restart", "on trial"].entries()) {
      const peak = peaks[index] as HeapStatistics;
      context.diagnostic(`peak with garbage, ${phase}: ${describe(peak)}`);
      assert.ok(peak.stack.peak <= budgets.stackSlots - 64, `${peak.stack.peak} slots of stack`);
    }
  });
});
