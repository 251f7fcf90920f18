import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  describeProvisioning,
  inspectProvisioning,
  makeNvsImage,
  nvsLength,
  type ProvisioningEntries,
} from "../../../cli/nvs-image.js";
import { readProvisioning } from "../../../hal/boards/provisioning.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { createKeyValueModule } from "../../../hal/boards/sim/nvs/key-value-module.js";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { Power } from "../../../hal/boards/sim/power.js";
import { ROOT } from "../../support/root.js";
import { partition, smallFlash } from "../../support/small-flash.js";
import { certificateDer, keyDer } from "../../support/tls-fixtures.js";

const NAME = { productId: "ABCDE12345", deviceName: "light_01" };
const authority = certificateDer("ca.pem");
/** The entries of test/fixtures/nvs/key.csv. */
const KEY: ProvisioningEntries = {
  ...NAME,
  deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==",
  region: "us-east",
  broker: "mqtts://192.168.0.2",
  ssid: "my net",
  password: "pässwörd 1",
  sntp: "time.test",
  brokerCa: authority,
  downloadCa: authority,
};

test("the image is, byte for byte, what Espressif's generator makes of the same entries", () => {
  const theirs = readFileSync(join(ROOT, "test", "fixtures", "nvs", "generated-key.bin"));
  assert.ok(theirs.equals(makeNvsImage(KEY, theirs.byteLength)));
});

test("the same entries make the same bytes, in whatever order they are given", () => {
  const reversed = Object.fromEntries(Object.entries(KEY).reverse()) as ProvisioningEntries;
  assert.deepEqual(makeNvsImage(KEY, nvsLength()), makeNvsImage(reversed, nvsLength()));
  assert.notDeepEqual(makeNvsImage(KEY, nvsLength()), makeNvsImage({ ...KEY, ssid: "other" }, nvsLength()));
});

test("it is as long as the partition of partitions.csv, and a board reads its identity from it", () => {
  assert.equal(nvsLength(), 0x6000);
  const bytes = makeNvsImage(
    {
      ...NAME,
      deviceCert: certificateDer("client.pem"),
      deviceKey: keyDer("client-key.pem"),
      brokerCa: authority,
      downloadCa: authority,
    },
    nvsLength(),
  );
  assert.equal(bytes.byteLength, 0x6000);
  const nvs = new Nvs(new NorFlash(bytes, NO_MEDIUM), {
    label: "nvs",
    type: 1,
    subtype: 2,
    offset: 0,
    size: bytes.byteLength,
  });
  const { identity, problem, broker, download } = readProvisioning({
    keyValue: createKeyValueModule(nvs, new Power()),
  });
  assert.equal(problem, undefined);
  assert.deepEqual(identity, {
    ...NAME,
    authentication: { mode: "CERT", certificate: certificateDer("client.pem"), privateKey: keyDer("client-key.pem") },
  });
  assert.deepEqual([broker.authority, download.authority], [authority, authority]);
});

test("a wrong partition, a value that is too long, or more than fits is reported in one line that names it", () => {
  for (const length of [0x2000, 0x3001]) {
    assert.throws(() => makeNvsImage(NAME, length), /whole pages of 4096 bytes, 3 or more/);
  }
  assert.throws(() => makeNvsImage({ ...NAME, ssid: "x".repeat(4000) }, 0x6000), {
    message: "ssid is longer than an entry of NVS can be",
  });
  const large = new Uint8Array(3968).fill(1);
  assert.throws(() => makeNvsImage({ ...NAME, deviceCert: large, deviceKey: large, brokerCa: large }, 0x3000), {
    message: "deviceKey does not fit the nvs partition any more",
  });
});

test("an inspection names the device and the keys, and no secret", () => {
  const flash = smallFlash("1");
  assert.equal(inspectProvisioning(flash), null);
  assert.equal(describeProvisioning(null), "none");
  const nvs = new Nvs(flash, partition("nvs"));
  nvs.setString("device", "deviceSecret", "MDEyMzQ1Njc4OWFiY2RlZg==");
  assert.equal(describeProvisioning(inspectProvisioning(flash)), "?/?  keys deviceSecret");
  for (const [key, value] of Object.entries(NAME)) nvs.setString("device", key, value);
  const report = inspectProvisioning(flash);
  assert.deepEqual(report, { ...NAME, keys: ["deviceSecret", "productId", "deviceName"] });
  assert.equal(describeProvisioning(report), "ABCDE12345/light_01  keys deviceSecret, productId, deviceName");
});
