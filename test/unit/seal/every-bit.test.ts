import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../../../hal/ports/index.js";
import { contradiction } from "../../../src/seal/checks.js";
import { decodeSeal, MAX_SEAL_LENGTH } from "../../../src/seal/format.js";
import { signatureFailure, trustedKeys } from "../../../src/seal/keys.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { nativelyVerified } from "../../support/native-verifier.js";
import { sha256 } from "../../support/p256-cases.js";
import { PRODUCT, sealed, signerNamed, withBit } from "../../support/seals.js";

const VENDOR = signerNamed("vendor");
const OTHER = signerNamed("successor");
const IMAGE = new Uint8Array(320).fill(7);
const FIELDS = { version: "0.2.0", securityVersion: 2 } as const;
const EXPECTED = { version: "0.2.0", product: PRODUCT, chipId: 0, floor: 2 } as const;
const DEVICE: Pick<Device, "digests" | "signatures"> = {
  digests: NODE_DIGESTS,
  signatures: { verifyP256: nativelyVerified },
};
/** Bytes of a seal behind its signatures, and of one signature with its key's id. */
const END_LENGTH = 8;
const ENTRY_LENGTH = 72;

/** @returns the code of what is refused before the image is looked at */
function refusalOf(file: Uint8Array): string | undefined {
  const seal = decodeSeal(file.slice(-MAX_SEAL_LENGTH), file.byteLength);
  if ("code" in seal) return seal.code;
  const keys = trustedKeys([VENDOR.pem], sha256);
  return (signatureFailure(seal, keys, DEVICE) ?? contradiction(seal, EXPECTED))?.code;
}

test("a seal with any one bit changed is refused", () => {
  const file = sealed(IMAGE, { ...FIELDS, signers: [VENDOR] });
  assert.equal(refusalOf(file), undefined);
  for (let at = IMAGE.byteLength; at < file.byteLength; at++) {
    for (let bit = 0; bit < 8; bit++)
      assert.notEqual(refusalOf(withBit(file, at, bit)), undefined, `byte ${at}, bit ${bit}`);
  }
});

test("of two signatures the one that nobody looks at may be anything, and no other bit", () => {
  const file = sealed(IMAGE, { ...FIELDS, signers: [OTHER, VENDOR] });
  const first = file.byteLength - END_LENGTH - 2 * ENTRY_LENGTH;
  for (let at = IMAGE.byteLength; at < file.byteLength; at++) {
    const free = at >= first && at < first + ENTRY_LENGTH;
    assert.equal(refusalOf(withBit(file, at, at % 8)) === undefined, free, `byte ${at}`);
  }
});

test("a sealed file is refused from each length that is not its own", () => {
  const file = sealed(IMAGE, { ...FIELDS, signers: [VENDOR] });
  for (let length = 0; length < file.byteLength; length++) {
    assert.notEqual(refusalOf(file.slice(0, length)), undefined, `the first ${length} bytes`);
    assert.notEqual(refusalOf(file.slice(file.byteLength - length)), undefined, `the last ${length} bytes`);
  }
});
