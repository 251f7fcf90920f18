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

test("without the file nothing is provisioned; what is no text is named", () => {
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

function read(content: object | string | undefined): Provisioning {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const files = new MemoryFiles(new Map(content === undefined ? [] : [["device.json", Buffer.from(text)]]));
  return readProvisioning({ keyValue: createProvisioningFile(files) });
}
