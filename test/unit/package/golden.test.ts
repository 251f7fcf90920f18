import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { GOLDEN, goldenBase } from "../../support/golden-packages.js";
import { readHeader, unpack } from "../../support/unpack.js";

for (const { name, bytes, resultLength, resultHash } of GOLDEN) {
  test(`the kept package is decoded as ever: ${name}`, () => {
    const made = unpack(Buffer.from(bytes, "base64"), goldenBase());
    assert.equal(made.byteLength, resultLength);
    assert.equal(createHash("sha256").update(made).digest("hex"), resultHash);
  });
}

test("the kept packages are a delta and a compressed one", () => {
  assert.deepEqual(
    GOLDEN.map(({ bytes }) => readHeader(Buffer.from(bytes, "base64")).base?.version),
    ["1.0.0", undefined],
  );
});
