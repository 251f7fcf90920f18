import assert from "node:assert/strict";
import { test } from "node:test";
import { createProvisioningFile } from "../../../hal/boards/lin/provisioning-file.js";
import { type Provisioning, readProvisioning } from "../../../hal/boards/provisioning.js";
import { MemoryFiles } from "../../support/memory-files.js";

test("device.json of the working folder has the entries that NVS has on the chip", () => {
  const { identity, broker, network } = read({
    productId: "ABCDE12345",
    deviceName: "light_01",
    deviceSecret: "c2VjcmV0",
    broker: "mqtt://h",
  });
  assert.deepEqual(identity, {
    productId: "ABCDE12345",
    deviceName: "light_01",
    authentication: { mode: "KEY", deviceSecret: "c2VjcmV0" },
  });
  assert.equal(broker.url, "mqtt://h");
  assert.equal(network, undefined);
});

test("without the file nothing is provisioned; an entry that is no text is named", () => {
  assert.match(read(undefined).problem ?? "", /^not provisioned: /);
  assert.match(read({ productId: 7 }).problem ?? "", /^NVS entry productId has the wrong type: /);
  assert.match(read({ brokerCa: "text" }).problem ?? "", /^NVS entry brokerCa has the wrong type: /);
  assert.match(read({}).problem ?? "", /^not provisioned: /);
});

test("a file that is no JSON object is an error that quotes nothing of it", () => {
  for (const text of ["{ secret", "null", '"secret"']) {
    assert.throws(() => read(text), { message: "device.json is not a JSON object" });
  }
});

test("a certificate is a file beside it, by the name of its entry", () => {
  const authority = Uint8Array.of(0x30, 1, 2);
  const entries = { productId: "ABCDE12345", deviceName: "light_01", deviceSecret: "c2VjcmV0" };
  const { broker, download } = read(entries, { "brokerCa.der": authority });
  assert.deepEqual(broker.authority, authority);
  assert.equal(download.authority, undefined);
});

function read(
  content: object | string | undefined,
  others: { readonly [name: string]: Uint8Array } = {},
): Provisioning {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const own: [string, Buffer][] = content === undefined ? [] : [["device.json", Buffer.from(text)]];
  const files = new MemoryFiles(new Map([...own, ...Object.entries(others)]));
  return readProvisioning({ keyValue: createProvisioningFile(files) });
}
