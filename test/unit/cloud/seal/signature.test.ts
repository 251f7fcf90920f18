import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { test } from "node:test";
import { generateSealKey } from "../../../../cloud/seal/keys.js";
import { isSignedBy, readSignature } from "../../../../cloud/seal/signature.js";

test("DER and r with s, as bytes and in base64, are the same signature", () => {
  const { key, privatePem } = generateSealKey();
  // Some numbers are short in DER, and some have a zero before them.
  for (let round = 0; round < 500; round++) {
    const message = Buffer.from(`message ${round}`);
    const der = sign("sha256", message, createPrivateKey(privatePem));
    const raw = readSignature(der);
    assert.equal(raw?.byteLength, 64);
    assert.ok(isSignedBy(key.publicKey, message, raw));
    assert.deepEqual(readSignature(raw), raw);
    assert.deepEqual(readSignature(Buffer.from(`${der.toString("base64")}\n`)), raw);
    assert.deepEqual(readSignature(Buffer.from(raw.toString("base64"))), raw);
  }
});

test("what is neither is no signature", () => {
  const integer = (digits: string): string => `02${(digits.length / 2).toString(16).padStart(2, "0")}${digits}`;
  const sequence = (body: string): string => `30${(body.length / 2).toString(16).padStart(2, "0")}${body}`;
  const good = sequence(integer("01") + integer("02"));
  assert.equal(
    readSignature(Buffer.from(good, "hex"))?.toString("hex"),
    `${"01".padStart(64, "0")}${"02".padStart(64, "0")}`,
  );
  for (const bad of [
    "",
    "00".repeat(63),
    "00".repeat(65),
    `${good}00`,
    good.slice(0, -2),
    sequence(integer("01")),
    sequence(`${integer("01")}${integer("02")}${integer("03")}`),
    sequence(`0200${integer("02")}`),
    sequence(integer("01".repeat(33)) + integer("02")),
    `31${good.slice(2)}`,
    sequence(`03${integer("01").slice(2)}${integer("02")}`),
  ]) {
    assert.equal(readSignature(Buffer.from(bad, "hex")), undefined, bad);
  }
});
