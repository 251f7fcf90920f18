import assert from "node:assert/strict";
import { test } from "node:test";
import { holdersOfSecrets } from "../../../cloud/secrets.js";
import { DEVICE, PlatformBench, PRODUCT, SECRET } from "../../support/platform-bench.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const LIGHT = { productId: PRODUCT, deviceName: "light_01", deviceSecret: SECRET };
const NAMES = { productId: PRODUCT, deviceName: "light_01" };

test("a secret is found as base64 text, with and without padding, and as the bytes behind it, wherever it is", () => {
  for (const form of [SECRET, SECRET.replace(/=+$/, ""), Buffer.from(SECRET, "base64")]) {
    const bytes = Buffer.from(form as string);
    for (const [before, behind] of [[0, 0], [1, 0], [1000, 3], [4099, 1000]] as const) {
      const content = Buffer.concat([Buffer.alloc(before, 0x4d), bytes, Buffer.alloc(behind, 0x30)]);
      assert.deepEqual(holdersOfSecrets(content, [LIGHT]), [NAMES], `${bytes.byteLength} bytes at ${before}`);
    }
    assert.deepEqual(holdersOfSecrets(bytes.subarray(0, -3), [LIGHT]), [], "cut short it is none");
  }
});

test("each holder is named once, of whatever product; who proves itself by certificate has no secret", () => {
  const other = { productId: "LIGHTS0001", deviceName: "light_02", deviceSecret: Buffer.from("MDEyfedcba987654").toString("base64") };
  const content = Buffer.from(`${other.deviceSecret} ${SECRET} ${SECRET} 0123456789abcdef`);
  const devices = [LIGHT, other, { productId: PRODUCT, deviceName: "cert_01" }];
  assert.deepEqual(holdersOfSecrets(content, devices), [{ productId: "LIGHTS0001", deviceName: "light_02" }, NAMES]);
  assert.deepEqual(holdersOfSecrets(Buffer.alloc(0), devices), []);
});

test("secrets so short that chance would find them are not looked for", () => {
  const short = { ...LIGHT, deviceSecret: Buffer.from("secret7").toString("base64") };
  assert.deepEqual(holdersOfSecrets(Buffer.from(`secret7 ${short.deviceSecret}`), [short]), []);
});

test("in a file of random bytes nothing is found, however many devices there are", () => {
  const random = new SeededRandom();
  const devices = Array.from({ length: 5000 }, (_, index) => ({
    productId: PRODUCT,
    deviceName: `light_${index}`,
    deviceSecret: Buffer.from(random.bytes(16)).toString("base64"),
  }));
  const content = Buffer.from(random.bytes(1 << 20));
  assert.deepEqual(holdersOfSecrets(content, devices), [], REPEAT);
  Buffer.from(devices[4321]?.deviceSecret ?? "", "base64").copy(content, 777_777);
  assert.deepEqual(holdersOfSecrets(content, devices).map(({ deviceName }) => deviceName), ["light_4321"], REPEAT);
});

test("the platform knows whose secret an added file holds, and looks into no other file", () =>
  PlatformBench.run(async (bench) => {
    const tainted = await bench.addFirmware("0.2.0", `an image with ${SECRET} in it`);
    assert.deepEqual(await bench.platform.secretsIn(tainted), [{ productId: PRODUCT, deviceName: DEVICE }]);
    assert.deepEqual(await bench.platform.secretsIn(await bench.addFirmware("0.3.0")), []);
    await assert.rejects(bench.platform.secretsIn({ md5: "../cloud" }), /no such file was added/);
  }));
