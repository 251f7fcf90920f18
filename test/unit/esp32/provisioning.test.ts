import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  forgetProductSecret,
  type Provisioning,
  PROVISIONING_KEYS,
  readProvisioning,
} from "../../../hal/boards/provisioning.js";
import { NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { createKeyValueModule } from "../../../hal/boards/sim/nvs/key-value-module.js";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { Power } from "../../../hal/boards/sim/power.js";
import { checkConfig } from "../../../src/index.js";
import { certificateDer, keyDer } from "../../support/tls-fixtures.js";

const PARTITION = { label: "nvs", type: 1, subtype: 2, offset: 0, size: 6 * SECTOR_LENGTH };
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const NAME = { productId: "ABCDE12345", deviceName: "light_01" };
let nvs: Nvs;

beforeEach(() => {
  nvs = new Nvs(NorFlash.blank(PARTITION.size), PARTITION);
});

test("a board whose namespace is missing has no identity, and one line names what to do", () => {
  nvs.set("ota", "job", Uint8Array.of(1));
  assert.deepEqual(read(), {
    identity: undefined,
    problem: "not provisioned: provision this board by `npm run flash` or with an image of `ota-device provision`",
    registration: undefined,
    broker: { url: undefined, authority: undefined },
    download: { authority: undefined },
    network: undefined,
    sntp: undefined,
  });
});

test("everything that a board can be provisioned with comes in the shapes of the agent's configuration", () => {
  const authority = certificateDer("ca.pem");
  put({
    ...NAME,
    deviceSecret: SECRET,
    region: "us-east",
    broker: "mqtts://192.168.0.2",
    ssid: "my net",
    password: "pässwörd 1",
    sntp: "time.test",
  });
  nvs.set("device", "brokerCa", authority);
  nvs.set("device", "downloadCa", authority.subarray(1));
  const { identity, problem, broker, download, network, sntp } = read();
  assert.deepEqual(identity, { ...NAME, region: "us-east", authentication: { mode: "KEY", deviceSecret: SECRET } });
  assert.equal(problem, undefined);
  assert.deepEqual(broker, { url: "mqtts://192.168.0.2", authority });
  assert.deepEqual(download, { authority: authority.subarray(1).slice() });
  assert.deepEqual(network, { ssid: "my net", password: "pässwörd 1" });
  assert.equal(sntp, "time.test");
  checkConfig({ identity: identity as NonNullable<typeof identity>, broker, download });
});

test("a device with a certificate needs no secret", () => {
  put(NAME);
  nvs.set("device", "deviceCert", certificateDer("client.pem"));
  nvs.set("device", "deviceKey", keyDer("client-key.pem"));
  const { identity, problem } = read();
  assert.equal(problem, undefined);
  assert.deepEqual(identity, {
    ...NAME,
    authentication: { mode: "CERT", certificate: certificateDer("client.pem"), privateKey: keyDer("client-key.pem") },
  });
});

test("half an identity is no identity: the problem names the key that is missing, and holds no value", () => {
  const whole = { ...NAME, deviceSecret: SECRET, ssid: "my net" };
  for (const missing of ["productId", "deviceName", "deviceSecret"] as const) {
    nvs = new Nvs(NorFlash.blank(PARTITION.size), PARTITION);
    put({ ...whole, [missing]: undefined });
    assertProblem(`NVS namespace device lacks ${missing}: provision this board`);
    assert.deepEqual(read().network, { ssid: "my net", password: undefined });
  }
  nvs.set("device", "deviceKey", keyDer("client-key.pem"));
  assertProblem("NVS namespace device lacks deviceCert: ");
  nvs.delete("device", "deviceKey");
  nvs.set("device", "deviceCert", certificateDer("client.pem"));
  assertProblem("NVS namespace device lacks deviceKey: ");
  put({ deviceSecret: SECRET });
  assertProblem("NVS namespace device has both deviceSecret and a certificate: ");
});

test("a board of a batch has the product's secret, and perhaps a name, for the application that registers it", () => {
  const productSecret = "product-secret-of-16";
  put({ productId: NAME.productId, productSecret });
  assert.deepEqual(read().registration, {
    productId: NAME.productId,
    deviceName: undefined,
    region: undefined,
    productSecret,
  });
  assertProblem("NVS namespace device lacks deviceSecret: let the application register the board, or provision ");
  put({ ...NAME, region: "europe" });
  assert.deepEqual(read().registration, { ...NAME, region: "europe", productSecret });
  put({ deviceSecret: SECRET });
  assert.deepEqual([read().registration, read().problem], [undefined, undefined]);
});

test("the product's secret is erased once the board needs it no more, and nothing else is", () => {
  put({ ...NAME, productSecret: "product-secret-of-16", ssid: "my net" });
  const keyValue = createKeyValueModule(nvs, new Power());
  forgetProductSecret({ keyValue });
  const { registration, network } = read();
  assert.deepEqual([registration, network?.ssid], [{ ...NAME, region: undefined, productSecret: undefined }, "my net"]);
  assertProblem("NVS namespace device lacks deviceSecret: provision ");
  forgetProductSecret({ keyValue });
});

test("an empty entry, as an empty field of a spreadsheet becomes, is none", () => {
  put({ ...NAME, deviceSecret: "", ssid: "", password: "", sntp: "" });
  const { network, sntp } = read();
  assertProblem("NVS namespace device lacks deviceSecret: ");
  assert.deepEqual([network, sntp], [undefined, undefined]);
});

test("any entry of another type is named", () => {
  const keys = [...PROVISIONING_KEYS.string, ...PROVISIONING_KEYS.blob];
  for (const key of keys) {
    nvs = new Nvs(NorFlash.blank(PARTITION.size), PARTITION);
    put({ ...NAME, deviceSecret: SECRET });
    if ((PROVISIONING_KEYS.blob as readonly string[]).includes(key)) nvs.setString("device", key, SECRET);
    else nvs.set("device", key, Buffer.from(SECRET));
    assertProblem(`NVS entry ${key} has the wrong type: `);
  }
});

test("names of namespace and keys fit NVS", () => {
  for (const key of [...PROVISIONING_KEYS.string, ...PROVISIONING_KEYS.blob]) assert.ok(key.length <= 15, key);
});

test("a failure of NVS itself is thrown", () => {
  const open = (): never => {
    throw new Error("ESP_ERR_NVS_NOT_INITIALIZED");
  };
  assert.throws(() => readProvisioning({ keyValue: { open } }), { message: "ESP_ERR_NVS_NOT_INITIALIZED" });
});

function put(texts: { readonly [key: string]: string | undefined }): void {
  for (const [key, text] of Object.entries(texts)) if (text !== undefined) nvs.setString("device", key, text);
}

function read(): Provisioning {
  return readProvisioning({ keyValue: createKeyValueModule(nvs, new Power()) });
}

function assertProblem(start: string): void {
  const { identity, problem } = read();
  assert.equal(identity, undefined);
  assert.ok(problem?.startsWith(start), problem);
  assert.ok(!problem?.includes(SECRET.slice(0, 8)) && !problem?.includes("\n"), problem);
}
