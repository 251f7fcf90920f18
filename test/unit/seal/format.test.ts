import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSeal, encodeBody, MAX_SEAL_LENGTH, type Seal } from "../../../src/seal/format.js";
import { joined, sealed, sealOf, signerNamed, withBytes } from "../../support/seals.js";

const IMAGE = new Uint8Array(1000).fill(7);
const SIGNERS = ["a", "b", "c"].map(signerNamed);
const FIELDS = { version: "1.2.3", securityVersion: 0xffff_ffff, signers: SIGNERS };
const SEAL_LENGTHS = [200, 272, 344];

function decoded(file: Uint8Array): ReturnType<typeof decodeSeal> {
  return decodeSeal(file.subarray(Math.max(0, file.byteLength - MAX_SEAL_LENGTH)), file.byteLength);
}

function faultOf(file: Uint8Array): string {
  const found = decoded(file);
  assert.ok("code" in found, "a fault");
  return `${found.code}: ${found.message}`;
}

for (const [index, length] of SEAL_LENGTHS.entries()) {
  test(`a seal of ${index + 1} signatures has ${length} bytes and says what it was made of`, () => {
    const signers = SIGNERS.slice(0, index + 1);
    const file = sealed(IMAGE, { ...FIELDS, signers, version: "v".repeat(32), product: "P", chipId: 13, built: 5 });
    const found = decoded(file) as Seal;
    assert.equal(found.sealLength, length);
    assert.equal(file.byteLength, IMAGE.byteLength + length);
    const { version, product, chipId, built, securityVersion, imageLength } = found;
    assert.deepEqual(
      { version, product, chipId, built, securityVersion, imageLength },
      { version: "v".repeat(32), product: "P", chipId: 13, built: 5, securityVersion: 0xffff_ffff, imageLength: 1000 },
    );
    assert.deepEqual(
      found.signatures.map(({ keyId }) => [...keyId]),
      signers.map(({ keyId }) => [...keyId]),
    );
    assert.equal(Buffer.from(found.signedBytes.subarray(0, 20)).toString(), "moddable-ota seal 1\0");
  });
}

test("a file whose last bytes are not the end of a seal has none", () => {
  for (const file of [IMAGE, new Uint8Array(0), new Uint8Array(3), sealed(IMAGE, FIELDS).slice(0, -1)]) {
    assert.equal(faultOf(file), "unsigned: no seal");
  }
});

test("each byte of the head that is another one is told apart, and each place that must be 0 is", () => {
  const file = sealed(IMAGE, FIELDS);
  const start = IMAGE.byteLength;
  const cases: readonly (readonly [offset: number, byte: number, fault: RegExp])[] = [
    [0, 0x20, /no seal where its end says/],
    [4, 2, /format 2\.1/],
    [5, 2, /format 1\.2/],
    [6, 2, /2 signatures, room for 3/],
    [7, 1, /reserved/],
    [14, 1, /reserved/],
    [15, 1, /reserved/],
    [8, 1, /in a file of 1344/],
    [24, 0, /no text/],
    [24, 0x20, /no text/],
    [30, 0x41, /no text/],
    [56, 0x80, /no text/],
    [87, 1, /no text/],
    [336, 0x57, /a seal of \d+ bytes/],
    [338, 1, /a seal of \d+ bytes/],
  ];
  for (const [offset, byte, fault] of cases) {
    const found = faultOf(withBytes(file, start + offset, Uint8Array.of(byte)));
    assert.match(found, /^signature-invalid: /, `${offset}`);
    assert.match(found, fault, `${offset}`);
  }
});

test("nothing may lie between image and seal, and nothing may be missing", () => {
  const seal = sealOf(IMAGE, FIELDS);
  assert.match(
    faultOf(joined(IMAGE, Uint8Array.of(0), seal)),
    /image of 1000 and a seal of 344 bytes in a file of 1345/,
  );
  assert.match(faultOf(joined(IMAGE.subarray(1), seal)), /in a file of 1343/);
});

test("no seal of a body that no seal can have is made", () => {
  const image = { imageLength: 1, chipId: 0, securityVersion: 0, built: 0, version: "1", product: "P" };
  const imageHash = new Uint8Array(32);
  for (const wrong of [
    { version: "" },
    { version: "v".repeat(33) },
    { product: "ü" },
    { product: "a b" },
    { imageHash: new Uint8Array(31) },
  ]) {
    assert.throws(() => encodeBody({ ...image, imageHash, ...wrong }, 1), RangeError, JSON.stringify(wrong));
  }
  for (const count of [0, 4, NaN]) assert.throws(() => encodeBody({ ...image, imageHash }, count), RangeError);
});
