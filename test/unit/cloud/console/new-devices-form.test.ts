import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceCount, newDevices } from "../../../../cloud/api/schemas/devices.js";
import {
  EMPTY_FORM,
  faultOf,
  faultsOf,
  namesOfCount,
  planOf,
} from "../../../../cloud/console/pages/devices/new-devices-form.js";

const FORM = { ...EMPTY_FORM, productId: "ABCDE12345" };

test("an empty form lacks a product and a name", () => {
  assert.deepEqual(faultsOf(EMPTY_FORM), ["productId", "deviceName"]);
  assert.deepEqual(faultsOf({ ...FORM, deviceName: "light_01" }), []);
});

test("a device with a secret that is made, one that is given, and a certificate", () => {
  const one = (change: Partial<typeof FORM>) => {
    const { devices } = planOf({ ...FORM, deviceName: "light_01", ...change });
    assert.equal(devices.kind, "lots");
    return devices.lots[0]?.[0];
  };
  const name = { productId: "ABCDE12345", deviceName: "light_01" };
  assert.deepEqual(one({}), name);
  assert.deepEqual(one({ note: " hall " }), { ...name, note: "hall" });
  assert.deepEqual(one({ proof: "given", secret: " c2VjcmV0 " }), { ...name, deviceSecret: "c2VjcmV0" });
  assert.deepEqual(one({ proof: "made", secret: "left over" }), name);
  assert.deepEqual(one({ proof: "certificate", secret: "left over" }), { ...name, certificate: true });
});

for (const secret of ["", "abc", "abcd", "ab cd", "YWJj====", "c2VjcmV0==", "x".repeat(128), "x".repeat(129)]) {
  test(`the form and the cloud agree about the secret "${secret.slice(0, 12)}" of ${secret.length} characters`, () => {
    const form = { ...FORM, deviceName: "light_01", proof: "given", secret } as const;
    const request = { devices: [{ productId: "ABCDE12345", deviceName: "light_01", deviceSecret: secret }] };
    assert.equal(faultsOf(form).length === 0, newDevices.safeParse(request).success);
  });
}

for (const [prefix, count] of [
  ["light-", "1"],
  ["light-", "10000"],
  ["light-", "10001"],
  ["light-", "0"],
  ["light-", "1.5"],
  ["light-", ""],
  ["", "5"],
  ["a b", "5"],
  ["x".repeat(40), "5"],
  ["x".repeat(41), "5"],
] as const) {
  test(`the form and the cloud agree about ${count} devices with the prefix "${prefix}"`, () => {
    const request = { productId: "ABCDE12345", prefix, count: count === "" ? Number.NaN : Number(count) };
    assert.equal(
      faultsOf({ ...FORM, way: "count", prefix, count }).length === 0,
      deviceCount.safeParse(request).success,
    );
  });
}

test("a count shows the names that it makes", () => {
  assert.deepEqual(namesOfCount({ prefix: "light-", count: "100" }), ["light-001", "light-100"]);
  assert.deepEqual(namesOfCount({ prefix: "light-", count: "much" }), ["light-1", "light-1"]);
});

test("a file of names becomes lots of at most 1,000", () => {
  const names = Array.from({ length: 2001 }, (_, index) => ({
    deviceName: `n${index}`,
    note: index === 0 ? "hall" : "",
  }));
  const { devices } = planOf({ ...FORM, way: "file", names });
  assert.equal(devices.kind, "lots");
  assert.deepEqual(
    devices.lots.map(({ length }) => length),
    [1000, 1000, 1],
  );
  assert.deepEqual(devices.lots[0]?.[0], { productId: "ABCDE12345", deviceName: "n0", note: "hall" });
  assert.deepEqual(devices.lots[2]?.[0], { productId: "ABCDE12345", deviceName: "n2000" });
});

test("a new product is asked for first", () => {
  const form = { ...EMPTY_FORM, newProductId: " ABCDE12345 ", newProductName: " Lights ", deviceName: "light_01" };
  assert.deepEqual(faultsOf(form), []);
  assert.deepEqual(planOf(form).product, { productId: "ABCDE12345", name: "Lights" });
  assert.equal(planOf(FORM).product, undefined);
  assert.deepEqual(faultsOf({ ...form, newProductId: "abc" }), ["productId"]);
});

test("an error of the cloud stands at its field", () => {
  assert.equal(faultOf({ field: "devices.0.deviceSecret", message: "" }), "secret");
  assert.equal(faultOf({ field: "prefix", message: "" }), "prefix");
  assert.equal(faultOf({ field: "note", message: "" }), undefined);
});
