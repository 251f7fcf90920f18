import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ESP32 } from "../../../hal/boards/family/chips.js";
import { ROOT } from "../../support/root.js";

test("the simulator's application has the heap of an ESP32", () => {
  const path = join(ROOT, "hal", "boards", "lin", "app", "manifest.json");
  const { creation } = JSON.parse(readFileSync(path, "utf8")) as { readonly creation: unknown };
  const { staticBytes, chunkBytes, slots, stackSlots } = ESP32.sdk.creation;
  assert.deepEqual(creation, {
    static: staticBytes,
    chunk: { initial: chunkBytes.initial, incremental: chunkBytes.step },
    heap: { initial: slots.initial, incremental: slots.step },
    stack: stackSlots,
  });
});
