import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSeal, MAX_SEAL_LENGTH } from "../../../src/seal/format.js";
import { signatureFailure, trustedKeys } from "../../../src/seal/keys.js";
import { sha256 } from "../../support/p256-cases.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { S_OFFSET, sealed, signerNamed, withBit } from "../../support/seals.js";

const VENDOR = signerNamed("vendor");
const KEYS = trustedKeys([VENDOR.pem], sha256);
const IMAGE = new Uint8Array(1000);
const FILE = sealed(IMAGE, { version: "1.2.3", securityVersion: 1, signers: [VENDOR] });

/** As mbedTLS that was built without the curve. */
const DENYING = { digests: NODE_DIGESTS, signatures: { verifyP256: () => false } };

test("native code that denies every signature keeps no sealed image from being taken", () => {
  assert.equal(signatureFailure(sealOf(FILE), KEYS, DENYING), undefined);
});

test("what both deny is refused", () => {
  const changed = withBit(FILE, IMAGE.byteLength + S_OFFSET);
  assert.equal(signatureFailure(sealOf(changed), KEYS, DENYING)?.code, "signature-invalid");
});

function sealOf(file: Uint8Array): Parameters<typeof signatureFailure>[0] {
  const decoded = decodeSeal(file.slice(-MAX_SEAL_LENGTH), file.byteLength);
  assert.ok(!("code" in decoded));
  return decoded;
}
