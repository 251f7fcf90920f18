import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { generateSealKey, readSealKey } from "../../../../cloud/seal/keys.js";

test("a key is read back from both of its files, and its id is the beginning of the hash of its public half", () => {
  const { key, privatePem, publicPem } = generateSealKey();
  const der = key.publicKey.export({ type: "spki", format: "der" });
  assert.equal(der.byteLength, 91);
  assert.deepEqual(key.id, createHash("sha256").update(der).digest().subarray(0, 8));
  const [secret, open] = [readSealKey(privatePem, "a.key"), readSealKey(publicPem, "a.pub")];
  assert.deepEqual([secret.id, open.id], [key.id, key.id]);
  assert.ok(secret.privateKey !== undefined);
  assert.equal(open.privateKey, undefined);
});

test("the older form of a private key, as openssl ecparam makes it, is taken too", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  assert.ok(readSealKey(privateKey.export({ type: "sec1", format: "pem" }).toString(), "a.key").privateKey);
});

test("what is no key on P-256 is refused by the file's name, and what is encrypted names the way", () => {
  const other = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const locked = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "x",
  });
  for (const [pem, says] of [
    ["", /^a\.key is no key in PEM/],
    ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", /^a\.key is no key in PEM/],
    [other.privateKey.export({ type: "pkcs8", format: "pem" }), /^a\.key is no key on the curve P-256/],
    [rsa.publicKey.export({ type: "spki", format: "pem" }), /^a\.key is no key on the curve P-256/],
    [locked, /^a\.key is encrypted: sign with --sign-with/],
  ] as const) {
    assert.throws(() => readSealKey(pem.toString(), "a.key"), { name: "CloudError", message: says });
  }
});

test("a public half whose point is compressed is the same key", () => {
  const { publicPem, key } = generateSealKey();
  const { x = "", y = "" } = key.publicKey.export({ format: "jwk" });
  const sign = ((Buffer.from(y, "base64url").at(-1) as number) & 1) + 2;
  // RFC 5480 §2.1.1 and §2.2, with the 33 bytes of SEC 1 §2.3.3.
  const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
  const der = Buffer.concat([head, Buffer.from([sign]), Buffer.from(x, "base64url")]);
  const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
  const read = readSealKey(pem, "compressed.pub");
  assert.deepEqual(read.id, key.id);
  assert.equal(read.publicKey.export({ type: "spki", format: "pem" }), publicPem);
});
