import assert from "node:assert/strict";
import { test } from "node:test";
import { packageContents } from "../../../../cloud/delta/contents.js";
import { reportPackage } from "../../../../cloud/delta/inspect.js";
import { encodePackage } from "../../../../cloud/delta/package-file.js";
import { packageRequestOf } from "../../../../cloud/delta/package-request.js";
import { MAX_IMAGE_LENGTH } from "../../../../src/package/format.js";
import { decodeFixedHeader } from "../../../../src/package/header.js";
import { HeaderReader } from "../../../../src/package/header-reader.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../../support/linked-image.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";
import { unpack } from "../../../support/unpack.js";

const program = createProgram(3, 60_000);
const old = { bytes: linkImage(program), version: "1.0.0" };
const minor = { bytes: linkImage(changeProgram(program, MINOR, 4)), version: "1.1.0" };
const feature = { bytes: linkImage(changeProgram(program, FEATURE, 5)), version: "2.0.0" };
const noise = new SeededRandom(1).bytes(9000);
const mixed = { bytes: Buffer.concat([minor.bytes, noise]), version: "1.2.0" };

function contentsOf(bytes: Uint8Array) {
  const reader = new HeaderReader({ maxResultLength: MAX_IMAGE_LENGTH });
  const headerLength = reader.push(bytes);
  assert.ok(reader.header !== undefined);
  return packageContents(reader.header, bytes.subarray(headerLength));
}

for (const [name, package_, length] of [
  ["a minor delta", encodePackage(packageRequestOf(minor, old)), minor.bytes.byteLength],
  ["a delta to a feature", encodePackage(packageRequestOf(feature, old)), feature.bytes.byteLength],
  ["a compressed image", encodePackage(packageRequestOf(minor)), minor.bytes.byteLength],
  ["a delta with blocks that are stored", encodePackage(packageRequestOf(mixed, old)), mixed.bytes.byteLength],
] as const) {
  test(`the bytes of ${name} add up to its result`, () => {
    const { bytes } = contentsOf(package_);
    assert.equal(
      Object.values(bytes).reduce((sum, count) => sum + count, 0),
      length,
    );
  });
}

test("a minor delta is copied mostly, a compressed image copies nothing, and noise is stored", () => {
  const { bytes } = contentsOf(encodePackage(packageRequestOf(minor, old)));
  assert.ok(bytes.copied > 0.8 * minor.bytes.byteLength && bytes.edited > 0, JSON.stringify(bytes));
  const compressed = contentsOf(encodePackage(packageRequestOf(minor))).bytes;
  assert.deepEqual([compressed.copied, compressed.edited], [0, 0]);
  assert.ok(compressed.literal > 0 && compressed.matched > 0);
  assert.ok(contentsOf(encodePackage(packageRequestOf(mixed, old))).storedBlocks >= 1);
});

test("whatever a decoder refuses is malformed here too", () => {
  const random = new SeededRandom();
  const whole = encodePackage(packageRequestOf(minor, old));
  const fixed = decodeFixedHeader(whole);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const changed = whole.slice();
    const at = random.integer(fixed.headerLength, whole.byteLength);
    changed[at] = (changed[at] as number) ^ (1 << random.integer(0, 8));
    let isRefused = false;
    try {
      unpack(changed, old.bytes);
    } catch (error) {
      isRefused = (error as { readonly code?: string }).code === "package-malformed";
    }
    const { problem } = reportPackage(fixed, changed);
    assert.equal(problem !== undefined, isRefused, `${problem}, byte ${at}, ${REPEAT}`);
    if (isRefused) refused++;
  }
  assert.ok(refused > 50, `${refused} were refused`);
});

test("a header that does not add up is a problem, and not an error", () => {
  const whole = encodePackage(packageRequestOf(minor, old));
  const fixed = decodeFixedHeader(whole);
  const changed = whole.slice();
  changed[fixed.headerLength - 1] = (changed[fixed.headerLength - 1] as number) ^ 1;
  assert.match(reportPackage(fixed, changed).problem ?? "", /malformed: /);
  assert.match(reportPackage(fixed, whole.subarray(0, 200)).problem ?? "", /malformed|ends within/);
});
