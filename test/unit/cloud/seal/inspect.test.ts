import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { reportSeal, type SealReport } from "../../../../cloud/seal/inspect.js";
import { fileContent } from "../../../../cloud/files/file-content.js";
import { readFirmwareFile } from "../../../../cloud/seal/read-file.js";
import { withFolder } from "../../../support/folder.js";
import { newKey, sealedImage, type TestKey } from "../../../support/sealing.js";

const [ONE, TWO] = [newKey(), newKey()];
const PRODUCT = "ABCDE12345";
const SEALED = sealedImage({ version: "1.2.3", keys: [ONE, TWO], product: PRODUCT, securityVersion: 7 });
const SEAL_AT = 64 * 1024;

async function report(bytes: Uint8Array, ...trusted: readonly TestKey[]): Promise<SealReport> {
  let found: SealReport | undefined;
  await withFolder(async (folder) => {
    const path = join(folder, "file.bin");
    writeFileSync(path, bytes);
    const file = await open(path);
    const { seal, imageSha256, header } = await readFirmwareFile(await fileContent(file));
    await file.close();
    const named = trusted.map(({ key }, index) => ({ name: `key ${index + 1}`, key }));
    found = reportSeal(seal, imageSha256, header, named);
  });
  return found as SealReport;
}

function changed(at: number, value: number): Uint8Array {
  const bytes = SEALED.slice();
  bytes[at] = value;
  return bytes;
}

test("a seal is said as it is, with what is known of its keys", async () => {
  const { imageSha256, signatures, ...rest } = await report(SEALED, TWO);
  assert.match(imageSha256 ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    state: "present",
    version: "1.2.3",
    product: PRODUCT,
    chip: "esp32",
    securityVersion: 7,
    built: 1_800_000_000,
    imageLength: SEAL_AT,
  });
  const [one, two] = [ONE.key.id.toString("hex"), TWO.key.id.toString("hex")];
  assert.deepEqual(signatures, [{ keyId: one }, { keyId: two, key: "key 1", valid: true }]);
});

test("a file without a seal has none, and one that is cut has none either", async () => {
  assert.deepEqual(await report(SEALED.subarray(0, SEAL_AT)), { state: "none" });
  assert.deepEqual(await report(SEALED.subarray(0, -1)), { state: "none" });
  assert.deepEqual(await report(new Uint8Array(3)), { state: "none" });
});

test("what a device refuses is named", async () => {
  const problem = async (bytes: Uint8Array, ...keys: readonly TestKey[]) => (await report(bytes, ...keys)).problem;
  assert.equal(await problem(SEALED), undefined);
  assert.equal(await problem(changed(5000, SEALED[5000]! ^ 1)), "the image is not the one that was sealed");
  assert.match((await problem(changed(SEAL_AT, 0))) ?? "", /^the seal is broken: /);
  const longer = new Uint8Array(SEALED.byteLength + 16);
  longer.set(SEALED.subarray(0, SEAL_AT));
  longer.set(SEALED.subarray(SEAL_AT), SEAL_AT + 16);
  assert.match((await problem(longer)) ?? "", /^the seal is broken: an image of 65536 /);
  assert.equal(
    await problem(changed(SEAL_AT + 24, 0x32)),
    "the seal says version 2.2.3, and the image's descriptor 1.2.3",
  );
  assert.equal(await problem(changed(SEAL_AT + 12, 9)), "the seal is for esp32s3, and the image for esp32");
  assert.match((await problem(changed(SEAL_AT + 16, 8))) ?? "", /security version 8, and the image's descriptor 7$/);
  assert.equal(await problem(SEALED, newKey()), "no signature is by key 1");
  assert.equal(await problem(SEALED, ONE), undefined);
  assert.equal(await problem(changed(SEAL_AT + 20, 1), ONE), "the signature by key 1 is wrong");
  const first = SEAL_AT + 128;
  assert.equal(await problem(changed(first, SEALED[first]! ^ 1), ONE), "the signature by key 1 is wrong");
  assert.equal(await problem(changed(first, SEALED[first]! ^ 1), ONE, TWO), undefined);
});
