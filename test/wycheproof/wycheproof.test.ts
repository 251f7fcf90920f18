import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import { nativelyVerified } from "../support/native-verifier.js";
import { edgeCases } from "../support/p256-cases.js";
import { SeededRandom } from "../support/seed.js";
import { XsVerifier } from "../support/xs-verifier.js";
import { parseVectors } from "./vectors.js";
import { differing, verifiersOf } from "./verifiers.js";

/** Folder with Wycheproof's files: .ci/wycheproof puts them there. */
const FOLDER = process.env["WYCHEPROOF"];
const FILES = ["ecdsa_secp256r1_sha256_p1363_test.json", "ecdsa_secp256r1_sha256_test.json"];
/** No verification may take long, whatever the numbers are. */
const TIMEOUT_MS = 300_000;

describe("Wycheproof's vectors for ECDSA over P-256 with SHA-256", { timeout: TIMEOUT_MS }, () => {
  let xs: XsVerifier;
  before(async () => {
    xs = await XsVerifier.start(ESP32_HEAP);
  });
  after(() => xs.stop());

  for (const file of FILES) {
    const text = textOf(file);
    const skip =
      text === undefined ? "no vectors: run .ci/wycheproof FOLDER, and set WYCHEPROOF to that folder" : false;
    test(`${file}, by everything that verifies seals`, { skip }, async () => {
      const { cases } = parseVectors(text ?? "");
      assert.ok(cases.length > 200 && cases.some(({ valid }) => valid) && cases.some(({ valid }) => !valid));
      for (const [name, verifier] of Object.entries(verifiersOf(xs))) {
        assert.deepEqual(await differing(cases, verifier), [], name);
      }
    });
  }

  test("a verifier with a wrong answer is named", async () => {
    const [right] = edgeCases(new SeededRandom(1)).filter(({ valid }) => valid);
    assert.ok(right !== undefined);
    assert.deepEqual(await differing([right], () => true), []);
    assert.equal((await differing([right], () => false)).length, 1);
  });
});

test("both signatures of a file are read: r and s, and DER; what is no strict DER is left out and counted", () => {
  const [right] = edgeCases(new SeededRandom(2)).filter(({ valid, message }) => valid && message !== undefined);
  assert.ok(right !== undefined);
  const { publicKey, message, signature } = right;
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const number = (bytes: Uint8Array): Buffer => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const short = Buffer.from(bytes.subarray(start));
    const body = (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short;
    return Buffer.concat([Buffer.of(2, body.byteLength), body]);
  };
  const body = Buffer.concat([number(signature.subarray(0, 32)), number(signature.subarray(32))]);
  const der = Buffer.concat([Buffer.of(0x30, body.byteLength), body]);
  const fileWith = (type: string, ...signatures: Uint8Array[]): string =>
    JSON.stringify({
      testGroups: [
        {
          type,
          publicKey: { curve: "secp256r1", uncompressed: `04${hex(publicKey)}` },
          sha: "SHA-256",
          tests: signatures.map((sig, index) => ({
            tcId: index,
            comment: "",
            msg: hex(message as Uint8Array),
            sig: hex(sig),
            result: "valid",
          })),
        },
      ],
    });
  const plain = parseVectors(fileWith("EcdsaP1363Verify", signature));
  const longer = Buffer.concat([der, Buffer.of(0)]);
  const coded = parseVectors(fileWith("EcdsaVerify", der, longer, der.subarray(1), Buffer.alloc(0)));
  assert.deepEqual([plain.leftOut, coded.leftOut, coded.cases.length], [0, 3, 1]);
  for (const { cases } of [plain, coded]) {
    const [found] = cases;
    assert.deepEqual(found?.signature, signature);
    assert.ok(found !== undefined && nativelyVerified(found.publicKey, found.message as Uint8Array, found.signature));
  }
});

function textOf(file: string): string | undefined {
  try {
    return FOLDER === undefined ? undefined : readFileSync(join(FOLDER, file), "utf8");
  } catch {
    return undefined;
  }
}
