import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../support/root.js";
import { measureVerification } from "../../support/verification-cost.js";

const { budgets } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  budgets: { readonly verificationBytecodes: number; readonly verificationHeapBytes: number };
};

test("a signature in BigInt stays in its budgets: bytecodes and heap, and nothing of it is kept", {
  timeout: 120_000,
}, async (context) => {
  const cost = await measureVerification();
  context.diagnostic(JSON.stringify(cost));
  assert.ok(cost.bytecodes <= budgets.verificationBytecodes, `${cost.bytecodes} bytecodes`);
  assert.ok(cost.liveBytes <= budgets.verificationHeapBytes, `${cost.liveBytes} bytes of heap`);
  assert.equal(cost.keptSlots, 0);
  // A measurement that measures nothing would pass too.
  assert.ok(cost.bytecodes > 100_000 && cost.liveBytes > 500 && cost.stackSlots > 20);
});
