import assert from "node:assert/strict";
import { OtaError } from "../../../src/errors.js";
import { parseDeviceInfo } from "../../../src/protocol/identity.js";
import { decodeDownlink, MESSAGE_LIMIT } from "../../../src/protocol/messages.js";
import { type Target, text } from "../target.js";

const md5 = "0123456789abcdef0123456789ABCDEF";

export const downlink: Target = {
  name: "downlink",
  weight: 60,
  corpus: text(
    `{"file_size":1048576,"md5sum":"${md5}","type":"update_firmware","url":"https://h.example/f.bin?sign=q1%3D2&x=/y","version":"0.2.0"}`,
    `{"type":"update_firmware","file_size":1,"md5sum":"${md5}","url":"HTTP://[::1]:80","version":"a"}`,
    `{"type":"update_firmware","file_size":1,"md5sum":"${md5}","url":"http://h","version":"a","sourceVersion":"1","minBatteryPercent":5,"kind":"mcu","component":"m"}`,
    '{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"0.1"}',
    '{"type":"report_version_rsp","result_code":-1,"result_msg":"\\u00e9\\ud83d\\ude00"}',
    '{"type":"something_else","x":[[{"y":null}]]}',
    "[]",
    "null",
  ),
  words: [
    '"type"',
    '"__proto__":',
    '"constructor":{',
    "update_firmware",
    "\\u0000",
    "\\ud800",
    "[[[[[[[[",
    '{"a":',
    "true",
    "null",
    "\u00e9",
    '"file_size":',
    "http://",
    '"space":',
    '"minSignalDbm":',
    '"wrong":',
  ],
  run(input) {
    const message = decodeDownlink(input);
    switch (message.type) {
      case "offer": {
        const { offer } = message;
        assert.match(offer.version, /^[A-Za-z0-9._-]{1,32}$/);
        assert.match(offer.md5, /^[0-9a-f]{32}$/);
        assert.match(offer.url, /^https?:\/\/[!-~]*$/i);
        assert.ok(offer.url.length <= 4096 && Number.isSafeInteger(offer.size) && offer.size > 0);
        const { requirements, ...rest } = offer;
        assert.deepEqual(Object.keys(rest).sort(), ["md5", "size", "url", "version"]);
        if (requirements?.wrong !== undefined) assert.match(requirements.wrong, /^[A-Za-z]+ is wrong$/);
        const { wrong: _wrong, ...sound } = requirements ?? {};
        const printed = JSON.stringify({
          type: "update_firmware",
          version: offer.version,
          url: offer.url,
          md5sum: offer.md5,
          file_size: offer.size,
          ...sound,
        });
        const again = decodeDownlink(Buffer.from(printed));
        assert.equal(
          JSON.stringify(again),
          JSON.stringify({
            ...message,
            offer: { ...rest, ...(Object.keys(sound).length === 0 ? {} : { requirements: sound }) },
          }),
        );
        return;
      }
      case "version-answer": {
        const { resultCode, resultMessage, version } = message.answer;
        assert.ok(
          Number.isSafeInteger(resultCode) && resultMessage.length <= MESSAGE_LIMIT && (version?.length ?? 0) <= 32,
        );
        return;
      }
      case "unknown":
        assert.ok(message.name.length <= 32);
        return;
      case "malformed":
        assert.match(message.reason, /^[ -~]{1,64}$/);
        return;
      default:
        assert.fail("no such message");
    }
  },
};

export const deviceInfo: Target = {
  name: "device-info",
  weight: 25,
  corpus: text(
    '{"auth_mode":"KEY","key_deviceinfo":{"deviceSecret":"c2VjcmV0LXNlY3JldA=="},"productId":"ABCDE12345","deviceName":"light_01","region":"china"}',
    '{"auth_mode":"CERT","productId":"ABCDE12345","deviceName":"x","cert_deviceinfo":{"devCertFile":"a.crt","devPrivateKeyFile":"a.key"}}',
    '{"auth_mode":"KEY","productId":"ABCDE12345","deviceName":"-","key_deviceinfo":{"deviceSecret":"AA"},' +
      '"subDev":{"subdev_num":1,"subdev_list":[{"sub_productId":"ABCDE54321","sub_devName":"l1"}]}}',
  ),
  words: ['"auth_mode"', '"__proto__":', '"toString"', "null", "[]", "{}", "=", "CERT", "\\u0041"],
  run(input) {
    const json = Buffer.from(input).toString("utf8");
    let info;
    try {
      info = parseDeviceInfo(json);
    } catch (error) {
      assert.ok(error instanceof OtaError && error.code === "usage", String(error));
      assert.match(error.message, /^[ -~]{1,100}$/);
      assert.ok(!error.message.includes("c2Vjcm"), "the secret is told");
      return;
    }
    assert.match(info.productId, /^[A-Z0-9]{10}$/);
    assert.match(info.deviceName, /^[A-Za-z0-9:_-]{1,48}$/);
    assert.ok(typeof info.region === "string" && info.region !== "");
    const { authentication: proof, productId, deviceName, region } = info;
    const printed =
      proof.mode === "KEY"
        ? { auth_mode: "KEY", key_deviceinfo: { deviceSecret: proof.deviceSecret } }
        : {
            auth_mode: "CERT",
            cert_deviceinfo: { devCertFile: proof.certificateFile, devPrivateKeyFile: proof.privateKeyFile },
          };
    const list = info.subDevices.map((known) => ({ sub_productId: known.productId, sub_devName: known.deviceName }));
    const subDev = { subdev_list: list };
    assert.deepEqual(parseDeviceInfo(JSON.stringify({ ...printed, productId, deviceName, region, subDev })), info);
  },
};
