import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { sealImage, type SealRequest } from "../../../../cloud/seal/sign.js";
import { buildAppImage } from "../../../../hal/boards/sim/app-image-builder.js";
import { newKey } from "../../../support/sealing.js";

const [ONE, TWO] = [newKey(), newKey()];
const IMAGE = Buffer.from(buildAppImage({ version: "1.2.3", byteLength: 4096, seed: 1, chipId: 9, secureVersion: 7 }));

function seal(over: Partial<SealRequest> = {}): Buffer {
  const keys = [{ file: "one.key", key: ONE.key }];
  return sealImage({ image: IMAGE, keys, product: "ABCDE12345", built: 1_800_000_000, ...over });
}

test("the bytes of a seal are those of the table", () => {
  const sealed = seal();
  assert.deepEqual(sealed.subarray(0, 4096), IMAGE);
  const bytes = sealed.subarray(4096);
  assert.equal(bytes.byteLength, 200);
  assert.equal(bytes.toString("latin1", 0, 4), "OTAS");
  assert.deepEqual([...bytes.subarray(4, 8)], [1, 1, 1, 0]);
  assert.equal(bytes.readUInt32LE(8), 4096);
  assert.deepEqual([bytes.readUInt16LE(12), bytes.readUInt16LE(14)], [9, 0]);
  assert.deepEqual([bytes.readUInt32LE(16), bytes.readUInt32LE(20)], [7, 1_800_000_000]);
  assert.equal(bytes.toString("latin1", 24, 56), "1.2.3".padEnd(32, "\0"));
  assert.equal(bytes.toString("latin1", 56, 88), "ABCDE12345".padEnd(32, "\0"));
  assert.deepEqual(bytes.subarray(88, 120), createHash("sha256").update(IMAGE).digest());
  assert.deepEqual(bytes.subarray(120, 128), ONE.key.id);
  assert.equal(bytes.readUInt32LE(192), 200);
  assert.equal(bytes.toString("latin1", 196), "SEAL");
  const message = Buffer.concat([Buffer.from("moddable-ota seal 1\0", "latin1"), bytes.subarray(0, 120)]);
  const key = { key: createPublicKey(ONE.publicPem), dsaEncoding: "ieee-p1363" as const };
  assert.ok(verify("sha256", message, key, bytes.subarray(128, 192)));
});

test("each key signs the same bytes, which say how many signatures there are", () => {
  const keys = [ONE, TWO, newKey()];
  const sealed = seal({ keys: keys.map(({ key }, index) => ({ file: `${index}`, key })) });
  assert.equal(sealed.byteLength, 4096 + 344);
  const bytes = sealed.subarray(4096);
  assert.equal(bytes[6], 3);
  const message = Buffer.concat([Buffer.from("moddable-ota seal 1\0", "latin1"), bytes.subarray(0, 120)]);
  keys.forEach(({ key, publicPem }, index) => {
    const at = 120 + 72 * index;
    assert.deepEqual(bytes.subarray(at, at + 8), key.id);
    const by = { key: createPublicKey(publicPem), dsaEncoding: "ieee-p1363" as const };
    assert.ok(verify("sha256", message, by, bytes.subarray(at + 8, at + 72)));
  });
});

test("what is no ESP32 image needs its version and security version named, and is for no chip", () => {
  const image = Buffer.from("firmware of an MCU");
  const bytes = seal({ image, version: "2.0", securityVersion: 0xffff_ffff }).subarray(image.byteLength);
  assert.deepEqual([bytes.readUInt16LE(12), bytes.readUInt32LE(16)], [0xffff, 0xffff_ffff]);
  for (const [over, says] of [
    [{ image, securityVersion: 1 }, /names no version: give --version/],
    [{ image, version: "2.0" }, /names no security version/],
    [{ image, version: "2.0", securityVersion: 2 ** 32 }, /below 4294967296/],
    [{ image, version: "2 0", securityVersion: 1 }, /a version is/],
    [{ image: Buffer.alloc(0), version: "2.0", securityVersion: 1 }, /the image is empty/],
  ] as const) {
    assert.throws(() => seal(over), { name: "CloudError", message: says });
  }
});

test("a seal cannot contradict the image's descriptor, and the refusal says how the image is built", () => {
  assert.throws(() => seal({ version: "1.2.4" }), /the image's descriptor says version 1\.2\.3, and not 1\.2\.4/);
  assert.throws(
    () => seal({ securityVersion: 8 }),
    /says secure version 7, and not 8: build it with "defines": \{ "firmware": \{ "securityVersion": 8 \} \}/,
  );
  assert.ok(seal({ version: "1.2.3", securityVersion: 7 }));
});

test("what cannot be sealed is refused by name", () => {
  const one = { file: "one.key", key: ONE.key };
  const two = { file: "two.pub", key: { id: TWO.key.id, publicKey: TWO.key.publicKey } };
  for (const [over, says] of [
    [{ image: seal() }, /has a seal already: sign it as it was built/],
    [{ image: seal().fill(0, 4096, 4100) }, /has a seal already/],
    [{ keys: [] }, /1 to 3 signatures/],
    [{ keys: [one, one] }, /the same key was given twice/],
    [{ keys: [one, two, one, two] }, /1 to 3 signatures/],
    [{ keys: [two] }, /two\.pub is only the public half: give the private one, or --sign-with/],
    [{ product: "" }, /a product is 1 to 32/],
    [{ product: "p".repeat(33) }, /a product is 1 to 32/],
  ] as const) {
    assert.throws(() => seal(over), { name: "CloudError", message: says });
  }
});

test("a command signs the bytes on its standard input, or their hash, and must have the key that it is asked for", () => {
  const keys = [{ file: "two.pub", key: { id: TWO.key.id, publicKey: TWO.key.publicKey } }];
  const script = (key: string, body: string): string =>
    `KEY='${key}' node -e 'const { sign, createHash } = require("crypto"); const input = require("fs").readFileSync(0); ${body}'`;
  const by = 'process.stdout.write(sign("sha256", input, process.env.KEY))';
  const same = 'if (createHash("sha256").update(input).digest("hex") !== process.env.OTA_SEAL_SHA256) process.exit(3);';
  const file = 'if (process.env.OTA_SEAL_KEY !== "two.pub") process.exit(4);';
  assert.ok(seal({ keys, signWith: script(TWO.privatePem, `${same} ${file} ${by}`) }));
  const signed = (signWith: string) => () => seal({ keys, signWith });
  assert.throws(signed(script(ONE.privatePem, by)), /the signature that was made is none by the key two\.pub/);
  assert.throws(signed("echo the token is away >&2; exit 5"), /ended with exit code 5: the token is away/);
  assert.throws(signed("cat >/dev/null; echo no"), /wrote 3 bytes, which are no signature/);
});
