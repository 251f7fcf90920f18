import assert from "node:assert/strict";
import { test } from "node:test";
import { holdersOfSecrets } from "../../../../cloud/files/secrets.js";
import { DEVICE, PlatformTestBed, PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const LIGHT = { productId: PRODUCT, deviceName: "light_01", deviceSecret: SECRET };
const NAMES = { productId: PRODUCT, deviceName: "light_01" };

test("a secret is found as base64 text, with and without padding, and as the bytes behind it, wherever it is", async () => {
  for (const form of [SECRET, SECRET.replace(/=+$/, ""), Buffer.from(SECRET, "base64")]) {
    const bytes = Buffer.from(form as string);
    for (const [before, behind] of [
      [0, 0],
      [1, 0],
      [1000, 3],
      [4099, 1000],
    ] as const) {
      const content = Buffer.concat([Buffer.alloc(before, 0x4d), bytes, Buffer.alloc(behind, 0x30)]);
      assert.deepEqual(await holdersOfSecrets(content, [LIGHT]), [NAMES], `${bytes.byteLength} bytes at ${before}`);
    }
    assert.deepEqual(await holdersOfSecrets(bytes.subarray(0, -3), [LIGHT]), [], "cut short it is none");
  }
});

test("each device whose secret is found is named once, of any product; a device with a certificate has no secret", async () => {
  const other = {
    productId: "LIGHTS0001",
    deviceName: "light_02",
    deviceSecret: Buffer.from("MDEyfedcba987654").toString("base64"),
  };
  const content = Buffer.from(`${other.deviceSecret} ${SECRET} ${SECRET} 0123456789abcdef`);
  const devices = [LIGHT, other, { productId: PRODUCT, deviceName: "cert_01" }];
  assert.deepEqual(await holdersOfSecrets(content, devices), [
    { productId: "LIGHTS0001", deviceName: "light_02" },
    NAMES,
  ]);
  assert.deepEqual(await holdersOfSecrets(Buffer.alloc(0), devices), []);
});

test("secrets so short that chance would find them are not looked for", async () => {
  const short = { ...LIGHT, deviceSecret: Buffer.from("secret7").toString("base64") };
  assert.deepEqual(await holdersOfSecrets(Buffer.from(`secret7 ${short.deviceSecret}`), [short]), []);
});

test("in a file of random bytes nothing is found, however many devices there are", async () => {
  const random = new SeededRandom();
  const devices = Array.from({ length: 5000 }, (_, index) => ({
    productId: PRODUCT,
    deviceName: `light_${index}`,
    deviceSecret: Buffer.from(random.bytes(16)).toString("base64"),
  }));
  const content = Buffer.from(random.bytes(1 << 20));
  assert.deepEqual(await holdersOfSecrets(content, devices), [], REPEAT);
  Buffer.from(devices[4321]?.deviceSecret ?? "", "base64").copy(content, 777_777);
  assert.deepEqual(
    (await holdersOfSecrets(content, devices)).map(({ deviceName }) => deviceName),
    ["light_4321"],
    REPEAT,
  );
});

test("other work goes on while a large file is searched", async () => {
  let [turns, isDone] = [0, false];
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const looking = holdersOfSecrets(Buffer.concat([Buffer.alloc(4 << 20), Buffer.from(SECRET)]), [LIGHT]);
  assert.deepEqual(await looking.finally(() => (isDone = true)), [NAMES]);
  assert.ok(turns >= 16, `${turns} turns`);
});

test("secrets that begin with the same characters are not confused", async () => {
  const devices = ["0001", "0002", "0003"].map((end) => ({
    productId: PRODUCT,
    deviceName: `light_${end}`,
    deviceSecret: Buffer.from(`a common begin ${end}`).toString("base64"),
  }));
  const content = Buffer.from("a common begin 0004 a common begin 0003 a common begin 0001");
  assert.deepEqual(
    (await holdersOfSecrets(content, devices)).map(({ deviceName }) => deviceName),
    ["light_0003", "light_0001"],
  );
});

test("the platform finds whose secret an added file holds, and searches no other file", () =>
  PlatformTestBed.run(async (bed) => {
    const tainted = await bed.addFirmware("0.2.0", `an image with ${SECRET} in it`);
    assert.deepEqual(await bed.desk.secretsIn(tainted), [{ productId: PRODUCT, deviceName: DEVICE }]);
    assert.deepEqual(await bed.desk.secretsIn(await bed.addFirmware("0.3.0")), []);
    await assert.rejects(bed.desk.secretsIn({ id: 99 }), /there is no package 99/);
  }));
