import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ESP32_C3, SDK_CHIPS } from "../../../hal/boards/family/chips.js";
import { CHUNK_BLOCK_HEAD_LENGTH, SLOT_LENGTH } from "../../../hal/boards/family/creation.js";
import {
  ESP32_HEAP,
  heapOf,
  type HeapSize,
  type HeapStatistics,
  measureHeap,
  sealHeap,
} from "../../../hal/boards/xs/heap.js";
import { buildXsHost } from "../../../hal/boards/xs/host/build.js";
import { XsWorker } from "../../../hal/boards/xs/worker.js";

const SLOTS_WITHOUT_END = "globalThis.kept = null; for (let count = 0; count < 100000; count++) kept = { kept };";
const CHUNKS_WITHOUT_END =
  "globalThis.kept = []; for (let count = 0; count < 100; count++) kept.push(new ArrayBuffer(1024));";
const DEEPER_AND_DEEPER = "(function deeper(depth) { return depth === 0 ? 0 : 1 + deeper(depth - 1); })(90)";

let binary = "";

before(
  async () => {
    ({ binary } = await buildXsHost());
  },
  { timeout: 300_000 },
);

async function withWorker(body: (worker: XsWorker) => Promise<void>): Promise<void> {
  const worker = new XsWorker({ binary, onCall: () => new Uint8Array(0) });
  try {
    await body(worker);
  } finally {
    worker.kill();
  }
}

for (const [what, source, message] of [
  ["slots", SLOTS_WITHOUT_END, /out of memory\nxs: memory full: (\d+) of \1 slots/],
  ["chunks", CHUNKS_WITHOUT_END, /out of memory\nxs: memory full: /],
  ["stack", DEEPER_AND_DEEPER, /stack overflow\nxs: stack overflow: /],
] as const) {
  test(`more of ${what} than an ESP32 has ends the engine, which reports why`, () =>
    withWorker(async (worker) => {
      await sealHeap(worker, ESP32_HEAP);
      await assert.rejects(worker.evaluate(source), message);
    }));

  test(`so much of ${what} is there before the heap is sealed`, () =>
    withWorker(async (worker) => void (await worker.evaluate(source))));
}

test("a sealed heap has exactly the free amounts of an ESP32, whatever was loaded", async () => {
  const much = "globalThis.loaded = null; for (let count = 0; count < 9000; count++) loaded = { loaded };";
  for (const load of ["0", much, `${much} loaded = null;`]) {
    await withWorker(async (worker) => {
      await worker.evaluate(load);
      await sealHeap(worker, ESP32_HEAP);
      const { slots, chunkBytes, stack } = await measureHeap(worker);
      assert.deepEqual([slots.free, chunkBytes.free, stack.slots], [4814, 78_808, 560]);
    });
  }
});

test("each chip's heap begins with what the SDK's board sets, less what a started machine has in use", () => {
  for (const { name, sdk } of SDK_CHIPS) {
    const { slots, chunkBytes, shared, stackSlots } = heapOf({ sdk });
    const { creation } = sdk;
    assert.deepEqual(
      [slots + 114, chunkBytes + 40, stackSlots],
      [creation.slots.initial, creation.chunkBytes.initial, 560],
      name,
    );
    const started = (560 + 114) * SLOT_LENGTH + 40 + CHUNK_BLOCK_HEAD_LENGTH;
    assert.equal(shared?.byteLength, creation.staticBytes === 0 ? undefined : creation.staticBytes - started, name);
  }
});

const C3_HEAP = heapOf(ESP32_C3);
const C3_BYTES = C3_HEAP.shared?.byteLength ?? assert.fail();

async function withC3(body: (worker: XsWorker) => Promise<void>, heap: HeapSize = C3_HEAP): Promise<void> {
  await withWorker(async (worker) => {
    await sealHeap(worker, heap);
    await body(worker);
  });
}

test("a shared heap grows from what it begins with, and slots and chunks together fill the block and no more", async () => {
  await withC3(async (worker) => {
    const { slots, chunkBytes, shared, stack } = await measureHeap(worker);
    assert.deepEqual([slots.free, chunkBytes.free, stack.slots], [398, 1496, 560]);
    assert.deepEqual(shared, { byteLength: C3_BYTES, free: C3_BYTES });
  });
  const ended = /memory full: (\d+) slots and (\d+) bytes of chunks in use of (\d+) bytes for both/;
  for (const [what, source] of [
    ["slots", SLOTS_WITHOUT_END],
    ["mostly chunks", "globalThis.kept = null; for (;;) kept = { kept, bytes: new ArrayBuffer(1024) };"],
    ["both", "globalThis.kept = null; for (;;) kept = { kept, bytes: new ArrayBuffer(64) };"],
  ] as const) {
    await withC3(async (worker) => {
      const error = await worker.evaluate(source).then(
        () => assert.fail(`${what} without end`),
        ({ message }: Error) => message,
      );
      const [slots = 0, chunkBytes = 0, byteLength] = ended.exec(error)?.slice(1).map(Number) ?? assert.fail(error);
      assert.equal(byteLength, C3_BYTES);
      const used = slots * SLOT_LENGTH + chunkBytes;
      // What did not fit is a step of slots, or a chunk in steps; and the first slots are never chunks.
      const left = Math.max(0, C3_HEAP.slots - slots) * SLOT_LENGTH + 3 * 512;
      assert.ok(used <= C3_BYTES && used >= C3_BYTES - left, `${what}: ${used} of ${C3_BYTES} bytes`);
    });
  }
});

test("in a shared heap slots get what chunks no longer use", () =>
  withC3(async (worker) => {
    await worker.evaluate(
      "globalThis.kept = []; for (let count = 0; count < 60; count++) kept.push(new ArrayBuffer(1024)); 0",
    );
    await worker.evaluate("kept = null; for (let count = 0; count < 2000; count++) kept = { kept }; 0");
    const { slots, shared } = await measureHeap(worker);
    assert.ok(slots.live - slots.sealed >= 4000);
    assert.ok(shared.free < C3_BYTES - 4000 * SLOT_LENGTH);
  }));

test("a fixed heap has no shared block", () =>
  withC3(async (worker) => {
    assert.deepEqual((await measureHeap(worker)).shared, { byteLength: 0, free: 0 });
  }, ESP32_HEAP));

test("garbage is not counted as alive, and what is alive for a moment is", () =>
  withWorker(async (worker) => {
    await sealHeap(worker, ESP32_HEAP);
    const spend = async (source: string): Promise<HeapStatistics> => {
      await measureHeap(worker, 1);
      await worker.evaluate(source);
      return measureHeap(worker, 0);
    };
    const garbage = await spend("for (let count = 0; count < 100; count++) new ArrayBuffer(1000)");
    const held = await spend(
      "(() => { const all = []; for (let count = 0; count < 10; count++) all.push(new ArrayBuffer(1000)); return 0; })()",
    );
    assert.ok(
      garbage.chunkBytes.peakLive - garbage.chunkBytes.live < 4000,
      `${garbage.chunkBytes.peakLive - garbage.chunkBytes.live}`,
    );
    assert.ok(
      held.chunkBytes.peakLive - held.chunkBytes.live >= 9000,
      `${held.chunkBytes.peakLive - held.chunkBytes.live}`,
    );
  }));

test("the meter is the same each time, and a forced collection does not count", () =>
  withWorker(async (worker) => {
    await sealHeap(worker, ESP32_HEAP);
    const counted: number[] = [];
    for (const stride of [0, 0, 1]) {
      const { meter } = await measureHeap(worker, stride);
      await worker.evaluate("for (let count = 0; count < 100; count++) [count]");
      counted.push((await measureHeap(worker)).meter - meter);
    }
    assert.equal(new Set(counted).size, 1, counted.join());
    assert.ok((counted[0] ?? 0) > 500);
  }));

test("each command's stack is its own, and what uses the free end of it as scratch is not counted", async () => {
  const taken: number[] = [];
  const onMeter = (json: string): void => void taken.push((JSON.parse(json) as { stack: number }).stack);
  const worker = new XsWorker({ binary, onMeter, onCall: () => new Uint8Array(0) });
  const stackOf = async (source: string): Promise<number> => {
    await worker.evaluate(source);
    return taken.at(-1) as number;
  };
  try {
    assert.equal(await stackOf("0"), 0, "not measured before the heap is sealed");
    await sealHeap(worker, ESP32_HEAP);
    const nothing = await stackOf("0");
    assert.ok(nothing > 0 && nothing < 64, `${nothing} slots`);
    const deep = (depth: number): string =>
      `(function deeper(depth) { return depth === 0 ? Math.abs(0) : 1 + deeper(depth - 1); })(${depth})`;
    const [five, ten, fifteen] = [await stackOf(deep(5)), await stackOf(deep(10)), await stackOf(deep(15))];
    // A frame of XS 17 has four slots, and here an argument, the 1 and whatever the compiler reserves.
    assert.equal(fifteen - ten, ten - five);
    assert.ok(ten - five >= 5 * 6 && ten - five <= 5 * 9, `${ten - five} slots in five calls`);
    const scratch = await stackOf("/(a|b)*c/.exec('abababababababababababc'); String(0.1 + 0.2)");
    assert.ok(scratch < nothing + 64, `${scratch} slots`);
    assert.equal(await stackOf("0"), nothing);
    assert.ok((await measureHeap(worker)).stack.peak >= fifteen, "and the peak is of the deepest");
  } finally {
    worker.kill();
  }
});
