import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { logMemory } from "../../../hal/boards/esp32/memory.js";
import { STACK_SLOTS } from "../../../hal/boards/esp32/stack.js";
import { CollectedLog } from "../../support/log.js";

const scope = globalThis as { native?: unknown };

/** The logged lines on a board whose boot.c reports this. */
function linesOf(...values: readonly number[]): readonly string[] {
  scope.native = (name: string) => ({
    call: (_self: unknown, into: ArrayBufferView) => {
      assert.equal(name, "ota_memory");
      // xsmcGetBufferWritable of the engine throws at any other view; on a chip that was a board that restarts for
      // ever.
      assert.ok(into instanceof Uint8Array, "invalid buffer");
      assert.equal(into.byteLength, values.length * 4);
      new Uint32Array(into.buffer).set(values);
    },
  });
  const logged = new CollectedLog();
  logMemory(logged.log);
  return logged.lines;
}

afterEach(() => {
  delete scope.native;
});

test("one line names the engine's memory: a static heap, or chunks and slots", () => {
  assert.deepEqual(linesOf(STACK_SLOTS, 94_208, 1536, 512, 184_320, 172_032), [
    `debug board XS has ${STACK_SLOTS} slots of stack and a heap of 94208 bytes; the C heap has 184320 bytes free, 172032 at least so far`,
  ]);
  assert.deepEqual(linesOf(STACK_SLOTS + 1, 0, 78_848, 4928, 90_000, 80_000), [
    `debug board XS has ${STACK_SLOTS + 1} slots of stack and a heap of 78848 bytes of chunks and 4928 slots; the C heap has 90000 bytes free, 80000 at least so far`,
  ]);
});

test("a stack that is too small for TLS leads to a warning that names the setting", () => {
  assert.equal(
    linesOf(384, 94_208, 1536, 512, 184_320, 172_032)[1],
    `warn board XS has 384 slots of stack, TLS needs ${STACK_SLOTS}: set creation.stack to ${STACK_SLOTS} in the manifest`,
  );
});
