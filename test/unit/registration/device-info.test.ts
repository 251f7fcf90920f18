import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRegistrationInfo } from "../../../src/registration/part.js";

const PRODUCT_SECRET = "Abcdefghijklmnop01234567";
const INFO = {
  auth_mode: "KEY",
  productId: "ABCDE12345",
  productSecret: PRODUCT_SECRET,
  deviceName: "light_01",
  key_deviceinfo: { deviceSecret: "" },
  region: "europe",
};
const parse = (changes: object = {}): unknown => parseRegistrationInfo(JSON.stringify({ ...INFO, ...changes }));

test("a file with a product secret and no device secret is for a registration", () => {
  const expected = {
    productId: "ABCDE12345",
    deviceName: "light_01",
    productSecret: PRODUCT_SECRET,
    region: "europe",
  };
  assert.deepEqual(parse(), expected);
  for (const key_deviceinfo of [
    undefined,
    null,
    {},
    { deviceSecret: "YOUR_IOT_PSK" },
    { deviceSecret: "YOUR_DEVICE_SECRET" },
  ]) {
    assert.deepEqual(parse({ key_deviceinfo }), expected);
  }
  assert.deepEqual(parse({ region: undefined }), { ...expected, region: "china" });
});

test("a file of a device that has its proof is not, and one without a product secret neither", () => {
  for (const changes of [
    { key_deviceinfo: { deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" } },
    { auth_mode: "CERT" },
    { productSecret: undefined },
    { productSecret: "" },
    { productSecret: "YOUR_PRODUCT_SECRET" },
  ]) {
    assert.equal(parse(changes), undefined, JSON.stringify(changes));
  }
});

test("what is wrong is told in one line without the secret", () => {
  for (const [changes, message] of [
    [{ deviceName: "" }, /deviceName/],
    [{ productId: 5 }, /productId/],
    [{ region: 1 }, /region/],
  ] as const) {
    assert.throws(() => parse(changes), { code: "usage", message });
  }
  for (const text of [`{"productSecret":"${PRODUCT_SECRET}"`, "[]", "null"]) {
    assert.throws(() => parseRegistrationInfo(text), { code: "usage", message: /^not (a )?JSON( object)?$/ });
  }
});
