import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { certificateOf, privateKeyOf } from "../../../src/protocol/pem.js";
import { certificateDer, keyDer, tlsPem } from "../../support/tls-fixtures.js";

const CERTIFICATE = tlsPem("client.pem").toString();
const KEY = tlsPem("client-key.pem").toString();

test("a certificate is its DER, whatever is around it and however its lines end", () => {
  for (const text of [CERTIFICATE, CERTIFICATE.replaceAll("\n", "\r\n"), `Subject: x\n${CERTIFICATE}${KEY}`]) {
    assert.deepEqual(certificateOf(text), certificateDer("client.pem"));
  }
});

test("a key of PKCS#8 is its DER, and one of PKCS#1 becomes the same", () => {
  assert.deepEqual(privateKeyOf(KEY), keyDer("client-key.pem"));
  const pkcs1 = createPrivateKey(KEY).export({ type: "pkcs1", format: "pem" }).toString();
  assert.match(pkcs1, /BEGIN RSA PRIVATE KEY/);
  assert.deepEqual(privateKeyOf(pkcs1), keyDer("client-key.pem"));
});

test("nothing else is one", () => {
  for (const text of [
    "",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    KEY,
  ]) {
    assert.equal(certificateOf(text), undefined, text);
  }
  assert.equal(privateKeyOf(CERTIFICATE), undefined);
});
