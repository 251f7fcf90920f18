import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Digest } from "../../../hal/ports/index.js";
import { BaseCheck } from "../../../src/package/base-check.js";
import { NODE_DIGESTS } from "../../support/digests.js";

const BLOCK = 4096;
const BASE = Uint8Array.from({ length: 11 * BLOCK + 5 }, (_, index) => index * 31);

function check(options: { readonly length?: number; readonly changed?: number; readonly byteLength?: number } = {}) {
  const { length = BASE.byteLength, changed } = options;
  const bytes = BASE.slice();
  if (changed !== undefined) bytes[changed] = (bytes[changed] as number) ^ 1;
  const reads: number[] = [];
  const base = {
    ...(options.byteLength === undefined ? {} : { byteLength: options.byteLength }),
    read(into: Uint8Array, byteOffset: number) {
      reads.push(byteOffset);
      into.set(bytes.subarray(byteOffset, byteOffset + into.byteLength));
    },
  };
  const hash = createHash("sha256").update(BASE.subarray(0, length)).digest();
  const digest = NODE_DIGESTS.create("SHA-256") as Digest;
  const wanted = { length, hash, version: "0.1.0" };
  return { reads, check: new BaseCheck({ base, wanted, digest, block: new Uint8Array(BLOCK) }) };
}

function turns(each: BaseCheck): number {
  let count = 1;
  while (!each.step()) count++;
  return count;
}

test("the right base is hashed a few blocks each turn, and no byte behind it", () => {
  for (const length of [1, BLOCK, 4 * BLOCK, 4 * BLOCK + 1, BASE.byteLength]) {
    const { reads, check: each } = check({ length });
    assert.equal(turns(each), Math.ceil(length / (4 * BLOCK)));
    assert.equal(reads.length, Math.ceil(length / BLOCK));
  }
});

test("one bit that differs anywhere is a wrong base; behind the base it is none", () => {
  for (const changed of [0, BLOCK, BASE.byteLength - 1]) {
    assert.throws(() => turns(check({ changed }).check), { code: "wrong-base" });
  }
  turns(check({ length: 2 * BLOCK, changed: 2 * BLOCK }).check);
});

test("a base that is longer than what can be read is a wrong one, and nothing is read of it", () => {
  const { reads, check: each } = check({ byteLength: BASE.byteLength - 1 });
  assert.throws(() => turns(each), { code: "wrong-base" });
  assert.deepEqual(reads, []);
});
