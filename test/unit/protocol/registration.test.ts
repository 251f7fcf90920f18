import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeUtf8 } from "../../../src/lib/utf8.js";
import {
  decodeRegistration,
  REGISTRATION_PATH,
  registrationUrl,
  signRegistration,
} from "../../../src/protocol/registration.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";
import { registrationAnswer, registrationRefusal } from "../../support/registration-answer.js";
import { certificateDer, keyDer, tlsPem } from "../../support/tls-fixtures.js";

/** The vector of the manual. */
const SECRET = "hzvf5LF9S0isvBhDSauWMaIk";
const PAYLOAD = "s6FB3a1BA/YYbcmSE12XpeDVmQNDcf1QgVD141RRbmmAnFwQfp1ECAu5O016mCOvYlJJ6V59yM4OqQSiWphfTg==";

const REQUEST = {
  productId: "ABCDE12345",
  deviceName: "light_01",
  productSecret: "Abcdefghijklmnop01234567",
  authority: "ap-guangzhou.gateway.tencentdevices.com",
  target: REGISTRATION_PATH,
  unixTime: 1700000000,
  nonce: 12345,
  digests: NODE_DIGESTS,
};

describe("signRegistration", () => {
  it("makes the content and the signature of the vector", () => {
    const { body, headers } = signRegistration(REQUEST);
    assert.equal(body, '{"ProductId":"ABCDE12345","DeviceName":"light_01"}');
    assert.deepEqual(headers, [
      ["Content-Type", "application/json; charset=utf-8"],
      ["X-TC-Algorithm", "hmacsha256"],
      ["X-TC-Timestamp", "1700000000"],
      ["X-TC-Nonce", "12345"],
      ["X-TC-Signature", "2Vrgd31ryGFMgMd5alLgVl1xEsJcikZYqPJlzr7n88I="],
    ]);
  });

  it("says that a board without SHA-256 cannot", () => {
    assert.throws(() => signRegistration({ ...REQUEST, digests: NO_DIGESTS }), { code: "usage", message: /SHA-256/ });
  });
});

describe("registrationUrl", () => {
  it("knows the host of each region", () => {
    for (const [region, host] of Object.entries({
      china: "ap-guangzhou",
      "us-east": "us-east",
      europe: "europe",
      "ap-bangkok": "ap-bangkok",
    })) {
      assert.equal(registrationUrl(region), `https://${host}.gateway.tencentdevices.com`);
    }
    for (const region of ["", "mars", "constructor"]) assert.throws(() => registrationUrl(region), { code: "usage" });
  });
});

describe("decodeRegistration", () => {
  it("opens the payload of the manual's vector", () => {
    const content = encodeUtf8(JSON.stringify({ Response: { Len: 53, Payload: PAYLOAD, RequestId: "r" } }));
    const authentication = { mode: "KEY", deviceSecret: "lDZ6Uqt+I9E0wW7rvDUs7Q==" };
    const expected = { kind: "registered", authentication };
    assert.deepEqual(decodeRegistration(content, SECRET), expected);
  });

  it("tells a refusal in the platform's words", () => {
    const content = encodeUtf8(registrationRefusal("AuthFailure.SignatureFailure", "wrong"));
    assert.deepEqual(decodeRegistration(content, SECRET), {
      kind: "refused",
      code: "AuthFailure.SignatureFailure",
      message: "wrong",
    });
  });

  it("takes a certificate and its key, in PEM, also if the server escapes the slashes of the payload", () => {
    const pem = (file: string): string => tlsPem(file).toString();
    const text = JSON.stringify({ encryptionType: 1, clientCert: pem("client.pem"), clientKey: pem("client-key.pem") });
    const content = registrationAnswer(text, SECRET);
    const authentication = {
      mode: "CERT",
      certificate: certificateDer("client.pem"),
      privateKey: keyDer("client-key.pem"),
    };
    for (const each of [content, content.replaceAll("/", "\\/")]) {
      assert.deepEqual(decodeRegistration(encodeUtf8(each), SECRET), { kind: "registered", authentication });
    }
  });

  it("takes no certificate without its key", () => {
    for (const more of [{}, { clientCert: "-----BEGIN CERTIFICATE-----" }, { clientCert: 1, clientKey: null }]) {
      const text = JSON.stringify({ encryptionType: 1, ...more });
      assert.deepEqual(decodeRegistration(encodeUtf8(registrationAnswer(text, SECRET)), SECRET), {
        kind: "unusable",
        message: "the answer holds no certificate with its key",
      });
    }
  });

  it("takes nothing else for an answer", () => {
    const payload = (text: string): string => JSON.stringify({ Response: { Payload: text } });
    for (const content of [
      "",
      "<html>",
      "{}",
      '{"Response":null}',
      '{"Response":{}}',
      payload(""),
      payload("AAAA"),
      payload("no base64!"),
      payload(Buffer.alloc(32).toString("base64")),
      registrationAnswer('{"encryptionType":2,"psk":""}', SECRET),
      registrationAnswer('{"encryptionType":2,"psk":"???"}', SECRET),
      registrationAnswer(`{"encryptionType":2,"psk":"${"A".repeat(300)}"}`, SECRET),
      registrationAnswer('{"encryptionType":2,"psk":"AAAA"}', `x${SECRET}`),
    ]) {
      assert.equal(decodeRegistration(encodeUtf8(content), SECRET).kind, "unusable", content);
    }
  });

  it("throws for no bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        decodeRegistration(payload, SECRET);
        const text = JSON.stringify({ Response: { Payload: Buffer.from(payload).toString("base64") } });
        assert.notEqual(decodeRegistration(encodeUtf8(text), SECRET).kind, "registered");
      }),
    );
  });
});
