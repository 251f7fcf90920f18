import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { DEVICE, PlatformTestBed, PRODUCT, SECRET } from "../../../support/platform-test-bed.js";

const USERNAME = "ABCDE12345light_01;12010126;x7Kq2;1893456000";
const SHA256 = "ae40d9a69b6604a16746d4fec4f8c4c5dfbac04a53b8f1d455f88c8e2c0a3acc;hmacsha256";
const SHA1 = "50c0b02a4c5df61e5dc22baef52937b45f6c529c;hmacsha1";
const CLIENT = "ABCDE12345light_01";

function signed(username: string, method: "sha1" | "sha256" = "sha256"): string {
  const digest = createHmac(method, Buffer.from(SECRET, "base64")).update(username).digest("hex");
  return `${digest};hmac${method}`;
}

test("a device is accepted by either method, with the vectors of the protocol's description", async () => {
  await PlatformTestBed.run(async (bed) => {
    assert.equal(await bed.authenticate(CLIENT, USERNAME, SHA256), DEVICE);
    assert.equal(await bed.authenticate(CLIENT, USERNAME, SHA1), DEVICE);
    const milliseconds = "ABCDE12345light_01;21010406;x7Kq2;1893456000000";
    const password = "82d1bb38cbf76d7453c0db9995bb3e0b21bc0761;hmacsha1";
    assert.equal(await bed.authenticate(CLIENT, milliseconds, password), DEVICE);
  });
});

test("a device without the right password is refused", async () => {
  await PlatformTestBed.run(async (bed) => {
    const passwords = [
      "",
      ";",
      SHA256.replace("ae", "af"),
      SHA256.replace("256", "1"),
      SHA256.slice(0, 64),
      `${SHA256.slice(0, 62)};hmacsha256`,
    ];
    for (const password of [
      ...passwords,
      SHA256.replace(";hmacsha256", ";hmacmd5"),
      signed(`${USERNAME}0`),
      ";hmacsha256",
    ]) {
      assert.equal(await bed.authenticate(CLIENT, USERNAME, password), undefined, password);
    }
  });
});

test("a user name of another client, an expired one, and one of an unknown device are refused, however they are signed", async () => {
  await PlatformTestBed.run(async (bed) => {
    const names = [
      "ABCDE12345light_02;12010126;x7Kq2;1893456000",
      `${CLIENT};12010126;x7Kq2;${Math.floor(Date.now() / 1000) - 1}`,
      `${CLIENT};12010126;x7Kq2;never`,
      `${CLIENT};12010126;x7Kq2;Infinity`,
      `${CLIENT};12010126;x7Kq2`,
      CLIENT,
      "",
    ];
    for (const name of names) assert.equal(await bed.authenticate(CLIENT, name, signed(name)), undefined, name);
    const unknown = "ABCDE12345light_09;12010126;x7Kq2;1893456000";
    assert.equal(await bed.authenticate("ABCDE12345light_09", unknown, signed(unknown)), undefined);
  });
});

test("a certificate replaces the password, but not the name; without a secret there is no password", async () => {
  await PlatformTestBed.run(async (bed) => {
    assert.equal(await bed.authenticate(CLIENT, USERNAME, undefined), DEVICE);
    assert.equal(await bed.authenticate(CLIENT, "other;1;2;1893456000", undefined), undefined);
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "cert_01" });
    const name = `${PRODUCT}cert_01;12010126;x7Kq2;1893456000`;
    assert.equal(await bed.authenticate(`${PRODUCT}cert_01`, name, signed(name)), undefined);
    assert.equal(await bed.authenticate(`${PRODUCT}cert_01`, name, undefined), "cert_01");
  });
});

test("a version is answered at once, compact, keys in alphabetical order, in the sizes seen on the wire", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.reportVersion("0.1.0");
    await bed.reportVersion("0.1");
    assert.deepEqual(bed.published, [
      [
        "$ota/update/ABCDE12345/light_01",
        '{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"0.1.0"}',
      ],
      [
        "$ota/update/ABCDE12345/light_01",
        '{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"0.1"}',
      ],
    ]);
    assert.deepEqual(
      bed.published.map(([, payload]) => payload.length),
      [86, 84],
    );
    await bed.settle();
    assert.equal(bed.published.length, 2);
  });
});

test("an impossible version is answered with another code, and not stored", async () => {
  await PlatformTestBed.run(async (bed) => {
    for (const version of ["", "v".repeat(66), "1 0", 7, null, undefined, { a: 1 }]) {
      bed.published.length = 0;
      await bed.reportVersion(version as string);
      const answer = JSON.parse(bed.published[0]?.[1] ?? "null") as {
        result_code: number;
        type: string;
        version: string;
      };
      assert.equal(answer.type, "report_version_rsp");
      assert.notEqual(answer.result_code, 0);
      assert.ok(answer.version.length <= 32);
    }
    assert.equal((await bed.device()).version, undefined);
  });
});

test("the offer follows the answer after 20 ms, compact, keys in alphabetical order, with a URL that holds", async () => {
  await PlatformTestBed.run(async (bed) => {
    const { size, md5 } = await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.settle();
    bed.online = false;
    await bed.upgradeListed("0.2.0");
    bed.online = true;
    bed.published.length = 0;
    await bed.reportVersion("0.1.0");
    assert.equal(bed.published.length, 1);
    await bed.settle();
    assert.equal(bed.published.length, 2);
    const [topic, payload] = bed.published[1] as [string, string];
    assert.equal(topic, "$ota/update/ABCDE12345/light_01");
    const { url } = JSON.parse(payload) as { url: string };
    assert.equal(
      payload,
      `{"file_size":${size},"md5sum":"${md5}","type":"update_firmware","url":${JSON.stringify(url)},"version":"0.2.0"}`,
    );
    assert.match(url, /^http:\/\/files\.test:8080\/[0-9]+_ABCDE12345_0\.2\.0\?sign=/);
    assert.equal(bed.verdict(url), "valid");
  });
});

test("each push has a new signature", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    for (let count = 0; count < 3; count++) {
      await bed.reportVersion("0.1.0");
      await bed.settle();
    }
    const urls = bed.offers().map(({ url }) => url);
    assert.equal(urls.length, 4);
    assert.equal(new Set(urls).size, 4);
  });
});

test("nothing is offered to a device that is not there, that runs the version, or while no files are served", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    bed.online = false;
    await bed.upgradeListed("0.2.0");
    assert.deepEqual(bed.offers(), []);
    assert.equal((await bed.device()).task?.state, "to-push");
    bed.online = true;
    bed.fileBase = undefined;
    await bed.reportVersion("0.1.0");
    await bed.settle();
    assert.deepEqual(bed.offers(), []);
    bed.fileBase = "http://files.test";
    await bed.reportVersion("0.2.0");
    await bed.settle();
    assert.deepEqual(bed.offers(), []);
    await bed.upgradeListed("0.2.0");
    assert.deepEqual(bed.offers(), []);
  });
});

test("a device may be added again with the same secret, and not with another", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret: SECRET });
    await assert.rejects(
      bed.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret: "b3RoZXI=" }),
      /another secret/,
    );
    await assert.rejects(bed.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE }), /another secret/);
    for (const productId of ["", "abcde12345", "ABCDE1234", "ABCDE12345\n"]) {
      await assert.rejects(bed.desk.addDevice({ productId, deviceName: "a" }), /product id/);
    }
    for (const deviceName of ["", "a b", "a/b", "+", "a".repeat(49)]) {
      await assert.rejects(bed.desk.addDevice({ productId: PRODUCT, deviceName }), /device name/);
    }
    assert.equal(await bed.tables.devices.count(), 1);
  });
});

test("firmware of the same version replaces the earlier one only if that is asked for; an impossible version or product is refused", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0", "first");
    await assert.rejects(bed.addFirmware("0.2.0", "second, longer"), /exists with another file.*--replace/);
    const second = await bed.addFirmware("0.2.0", "second, longer", {}, true);
    assert.deepEqual((await bed.desk.status()).firmwares, [second]);
    assert.equal(second.size, 14);
    for (const version of ["", "a b", "v".repeat(33), "../x"]) {
      await assert.rejects(bed.addFirmware(version), /a version is/);
    }
    const path = new URL(import.meta.url).pathname;
    await assert.rejects(bed.desk.addFirmware({ productId: "x", version: "1", path }), /product id/);
    await assert.rejects(bed.desk.addFirmware({ productId: PRODUCT, version: "1", path }), /is of no known format/);
  });
});

test("malformed reports are dropped, and never throw", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    bed.published.length = 0;
    const before = await bed.stored();
    const fixed = [
      "",
      "{",
      "null",
      "7",
      "[]",
      '{"type":"report_version"}',
      '{"type":"report_progress","report":[]}',
      '{"report":{"version":"1"}}',
    ];
    const nested = '{"type":"report_progress","report":{"version":"0.2.0","progress":null}}';
    for (const payload of [...fixed, nested]) await bed.report(payload);
    await bed.reportVersion("0.1.0", "light_09");
    // Those of one run share a transaction.
    await fc.assert(
      fc.asyncProperty(fc.array(fc.json(), { minLength: 20 }), async (payloads) => {
        await Promise.all(payloads.map((payload) => bed.report(payload)));
      }),
      { numRuns: 20 },
    );
    assert.deepEqual(bed.published, []);
    assert.deepEqual(await bed.stored(), before);
  });
});

test("devices, firmware and tasks survive a restart", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    await bed.reportProgress("0.2.0", { state: "downloading", percent: "42", result_code: "0", result_msg: "" });
    // The time of the last message is stored once in a while, and is exact only while the cloud runs.
    const remembered = async () => {
      const { devices, firmwares } = await bed.desk.status();
      return { firmwares, devices: devices.map(({ lastSeenAt: _, ...device }) => device) };
    };
    const before = await remembered();
    await bed.restart();
    assert.deepEqual(await remembered(), before);
    await bed.reportVersion("0.1.0");
    await bed.settle();
    assert.equal(bed.offers().length, 2);
  });
});
