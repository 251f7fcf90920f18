import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ESP32_HEAP } from "../../../hal/boards/xs/heap.js";
import { edgeCases } from "../../support/p256-cases.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { XsVerifier } from "../../support/xs-verifier.js";

/** No verification takes so long: one that does not end fails here, and not in the test's own limit. */
const TIMEOUT_MS = 120_000;

describe(`in the heap of an ESP32, on XS: what is right and what is not; ${REPEAT}`, { timeout: TIMEOUT_MS }, () => {
  let verifier: XsVerifier;
  before(async () => {
    verifier = await XsVerifier.start(ESP32_HEAP);
  });
  after(() => verifier.stop());

  const cases = edgeCases(new SeededRandom()).filter(
    ({ name }, index) => !/^another bit/.test(name) || index % 8 === 0,
  );
  for (const { name, publicKey, hash, signature, valid } of cases) {
    test(name, async () => assert.equal(await verifier.verify(publicKey, hash, signature), valid));
  }
});
