import assert from "node:assert/strict";

/** Compares large byte arrays without printing them. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.byteLength, expected.byteLength, "length");
  const differs = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.equal(differs, -1, `bytes differ from ${differs} on`);
}
