import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readIdentity, readRegistration } from "../../../../cli/files.js";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

/** What the vendor's SDKs look for in a file, apart from the names and secrets. */
const TEMPLATE = {
  auth_mode: "KEY",
  region: "china",
  cert_deviceinfo: {
    devCaFile: "YOUR_CA_FILE_NAME",
    devCertFile: "YOUR_DEVICE_CERT_FILE_NAME",
    devPrivateKeyFile: "YOUR_DEVICE_PRIVATE_KEY_FILE_NAME",
  },
};

interface Written {
  readonly productSecret: string;
  readonly key_deviceinfo: { readonly deviceSecret: string };
}

function read(text: string): Written {
  const { productSecret, key_deviceinfo, ...rest } = JSON.parse(text) as Written & { productId: string };
  assert.deepEqual(rest, { ...TEMPLATE, productId: PRODUCT, deviceName: "a1" });
  return { productSecret, key_deviceinfo };
}

test("each file of a device has all that the vendor's SDKs look for, and is read as that of a device", async () => {
  await withServedOperator(async ({ folder, run }) => {
    const one = join(folder, "device_info.json");
    const lines = join(folder, "lines.jsonl");
    const many = ["device", "add", "--product", PRODUCT, "--count", "1", "--prefix", "a"];
    for (const [args, file] of [
      [["device", "add", "--product", PRODUCT, "--name", "a1", "--output", one], one],
      [[...many, "--output", lines], lines],
      [[...many, "--output-folder", join(folder, "all")], join(folder, "all", "a1", "device_info.json")],
    ] as const) {
      assert.equal((await run(...args)).code, 0);
      const { productSecret, key_deviceinfo } = read(readFileSync(file, "utf8"));
      assert.equal(productSecret, "YOUR_PRODUCT_SECRET");
      assert.equal(readRegistration(file), undefined);
      const secret = { mode: "KEY", deviceSecret: key_deviceinfo.deviceSecret };
      assert.deepEqual(readIdentity(file).authentication, secret);
      assert.equal((await run("device", "remove", "--product", PRODUCT, "--name", "a1")).code, 0);
    }
  });
});

test("the file of a device that is to register itself has the words at which the vendor's C SDK does so", async () => {
  await withServedOperator(async ({ folder, run }) => {
    const file = join(folder, "device_info.json");
    const { code } = await run("product", "set", "--product", PRODUCT, "--name", "a1", "--output", file);
    assert.equal(code, 0);
    const { productSecret, key_deviceinfo } = read(readFileSync(file, "utf8"));
    assert.deepEqual(key_deviceinfo, { deviceSecret: "YOUR_IOT_PSK" });
    assert.equal(readRegistration(file)?.productSecret, productSecret);
    assert.throws(() => readIdentity(file), /deviceSecret is not base64$/);
  });
});
