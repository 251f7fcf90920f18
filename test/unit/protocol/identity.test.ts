import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { OtaError } from "../../../src/errors.js";
import { checkDeviceName, decodeSecret, parseDeviceInfo } from "../../../src/protocol/identity.js";

const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const PRODUCT_SECRET = "Abcdefghijklmnop01234567";

/** Every field that the vendor's SDKs have in this file, used here or not. */
const VENDOR = {
  auth_mode: "KEY",
  productId: "ABCDE12345",
  productSecret: PRODUCT_SECRET,
  deviceName: "light_01",
  key_deviceinfo: { deviceSecret: SECRET },
  cert_deviceinfo: { devCertFile: "light_01_cert.crt", devPrivateKeyFile: "light_01_private.key" },
  subDev: { subdev_num: 1, subdev_list: [{ sub_productId: "ABCDE54321", sub_devName: "sub_01" }] },
  region: "us-east",
};

describe("parseDeviceInfo", () => {
  it("reads the vendor's file with a secret", () => {
    assert.deepEqual(parseDeviceInfo(JSON.stringify(VENDOR, null, 4)), {
      productId: "ABCDE12345",
      deviceName: "light_01",
      region: "us-east",
      authentication: { mode: "KEY", deviceSecret: SECRET },
      subDevices: [{ productId: "ABCDE54321", deviceName: "sub_01" }],
    });
  });

  it("takes the vendor's template of empty sub-devices as none, and a file without any", () => {
    const empty = { sub_productId: "", sub_devName: "" };
    for (const subDev of [
      undefined,
      null,
      {},
      { subdev_num: 3 },
      { subdev_num: 3, subdev_list: [empty, empty, empty] },
    ]) {
      assert.deepEqual(parseDeviceInfo(JSON.stringify({ ...VENDOR, subDev })).subDevices, []);
    }
  });

  it("names the sub-device that is wrong", () => {
    const good = { sub_productId: "ABCDE54321", sub_devName: "sub_01" };
    for (const wrong of [
      null,
      1,
      [],
      {},
      { ...good, sub_productId: "" },
      { ...good, sub_devName: "a b" },
      { ...good, sub_productId: 1 },
    ]) {
      refuses(
        { ...VENDOR, subDev: { subdev_list: [good, wrong] } },
        /^subdev_list\[1\] has no valid sub_productId and sub_devName$/,
      );
    }
    refuses({ ...VENDOR, subDev: { subdev_list: {} } }, /^subdev_list is not a list$/);
    refuses({ ...VENDOR, subDev: [] }, /^subDev is not an object$/);
  });

  it("reads the vendor's file with a certificate, and leaves the secret out", () => {
    const info = parseDeviceInfo(JSON.stringify({ ...VENDOR, auth_mode: "CERT" }));
    const files = { certificateFile: "light_01_cert.crt", privateKeyFile: "light_01_private.key" };
    assert.deepEqual(info.authentication, { mode: "CERT", ...files });
    assert.ok(!JSON.stringify(info).includes(SECRET));
  });

  it("reads the older SDK's file, blanks, missing region and all", () => {
    const text =
      '{\r\n\t"auth_mode":"KEY",\t\r\n    "productId":"ABCDE12345", "deviceName":"light_01",\n' +
      `    "key_deviceinfo":{    \n        "deviceSecret":"${SECRET}"\n    }\n}\n`;
    assert.deepEqual(parseDeviceInfo(text).region, "china");
  });

  it("refuses the vendor's template with its placeholders", () => {
    const template = { ...VENDOR, productId: "PRODUCT_ID", key_deviceinfo: { deviceSecret: "YOUR_IOT_PSK" } };
    refuses(template, /^productId/);
    refuses({ ...template, productId: "ABCDE12345" }, /^deviceSecret is not base64$/);
  });

  it("names the field that is missing or of another type", () => {
    for (const field of ["productId", "deviceName", "auth_mode"]) {
      for (const value of [undefined, null, "", 1, true, [], {}, ["KEY"]]) {
        refuses({ ...VENDOR, [field]: value }, new RegExp(`^${field} `));
      }
    }
    for (const value of [null, "", 1, [], {}]) refuses({ ...VENDOR, region: value }, /^region /);
    for (const value of [undefined, null, SECRET, 1, [SECRET]]) {
      refuses({ ...VENDOR, key_deviceinfo: value }, /^key_deviceinfo /);
    }
    for (const value of [undefined, null, "", 1, [SECRET], { [SECRET]: SECRET }]) {
      refuses({ ...VENDOR, key_deviceinfo: { deviceSecret: value } }, /^deviceSecret /);
    }
    const certificate = { ...VENDOR, auth_mode: "CERT" };
    refuses({ ...certificate, cert_deviceinfo: undefined }, /^cert_deviceinfo /);
    refuses({ ...certificate, cert_deviceinfo: { devPrivateKeyFile: "key" } }, /^devCertFile /);
    refuses({ ...certificate, cert_deviceinfo: { devCertFile: "cert", devPrivateKeyFile: 1 } }, /^devPrivateKeyFile /);
  });

  it("refuses another way to authenticate, without repeating it", () => {
    for (const mode of ["key", "PSK", SECRET, "KEY "]) {
      refuses({ ...VENDOR, auth_mode: mode }, /^auth_mode is neither KEY nor CERT$/);
    }
  });

  it("refuses names that are not the platform's", () => {
    for (const productId of ["ABCDE1234", "ABCDE123456", "abcde12345", "ABCDE1234_", "ABCDE12345\n", "ÄBCDE12345"]) {
      refuses({ ...VENDOR, productId }, /^productId /);
    }
    for (const deviceName of ["n".repeat(49), "a b", "a/b", "a+", "#", "a;b", "é", "light\n", "light\0"]) {
      refuses({ ...VENDOR, deviceName }, /^deviceName /);
    }
  });

  it("refuses what is no JSON object", () => {
    for (const text of ["", " ", "null", "1", '"text"', "[]", "[{}]", `{"a":"${SECRET}"`, SECRET, "\0", "{'a':1}"]) {
      assert.throws(() => parseDeviceInfo(text), isUsage(/^not (?:JSON|a JSON object)$/), text);
    }
  });

  it("is not misled by fields named like those of every object", () => {
    refuses({}, /^productId /);
    assert.throws(
      () => parseDeviceInfo('{"__proto__":{"productId":"ABCDE12345","deviceName":"x"}}'),
      isUsage(/^productId /),
    );
  });

  it("never shows a secret, whatever is wrong with the file", () => {
    const text = JSON.stringify(VENDOR);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 3 }), (at, removed, inserted) => {
        const broken = text.slice(0, at) + inserted + text.slice(at + removed);
        try {
          parseDeviceInfo(broken);
        } catch (error) {
          assert.ok(error instanceof OtaError && error.code === "usage", String(error));
          assert.ok(!shows(`${String(error)} ${error.stack}`), error.message);
          assert.ok(!error.message.includes("\n"), error.message);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("checkDeviceName", () => {
  it("takes the shortest and the longest name", () => {
    for (const deviceName of ["a", "-", "_", "0", "n".repeat(48), "Az09_-", "24:0A:C4:00:01:10"]) {
      assert.doesNotThrow(() => checkDeviceName({ productId: "0123456789", deviceName }), deviceName);
    }
  });
});

describe("decodeSecret", () => {
  it("gives the decoded bytes, which are the key", () => {
    assert.deepEqual(decodeSecret(SECRET), new Uint8Array(Buffer.from("0123456789abcdef")));
  });

  it("refuses an empty one and anything but base64", () => {
    for (const text of ["", "====", "MDEy MzQ1", "MDEyMzQ1\n", `${SECRET}=`]) {
      assert.throws(() => decodeSecret(text), isUsage(/^deviceSecret is not base64$/), JSON.stringify(text));
    }
  });
});

function refuses(info: object, message: RegExp): void {
  assert.throws(() => parseDeviceInfo(JSON.stringify(info)), isUsage(message), JSON.stringify(info));
}

function isUsage(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof OtaError && error.code === "usage" && message.test(error.message) && !shows(error.message);
}

/** Whether eight characters in a row of a secret can be read in it. */
function shows(text: string): boolean {
  return [SECRET, PRODUCT_SECRET].some((secret) =>
    Array.from({ length: secret.length - 7 }, (_, at) => secret.slice(at, at + 8)).some((piece) =>
      text.includes(piece),
    ),
  );
}
