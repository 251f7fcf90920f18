import assert from "node:assert/strict";
import { test } from "node:test";
import { readBrokerUrl, withoutLogin } from "../../../../cloud/broker/broker-url.js";
import { openHooks } from "../../../../cloud/hooks/open.js";
import { CloudError } from "../../../../cloud/types.js";

test("user and password of a broker are read as URLs have them, a colon included", () => {
  const read = (login: string) => readBrokerUrl(`mqtts://${login}broker.example.org:8883?clientId=cloud`);
  const url = "mqtts://broker.example.org:8883?clientId=cloud";
  assert.deepEqual(read(""), { url, username: "", password: "" });
  assert.deepEqual(read("ota:a:b@"), { url, username: "ota", password: "a:b" });
  assert.deepEqual(read("ota:a%3Ab%40%25@"), { url, username: "ota", password: "a:b@%" });
  assert.deepEqual(read("o%3Ata:x@"), { url, username: "o:ta", password: "x" });
  assert.deepEqual(read("ota:p@ss@"), { url, username: "ota", password: "p@ss" });
});

test("a password that is not encoded is an error that does not show it", async () => {
  const broker = "mqtt://ota:100%sure@localhost";
  const isTold = (error: unknown): boolean =>
    error instanceof CloudError && /%25/.test(error.message) && !error.message.includes("sure");
  assert.throws(() => readBrokerUrl(broker), isTold);
  const platform = { prove: async () => undefined, mayUse: async () => false };
  const settings = { port: 0, secret: undefined };
  await assert.rejects(openHooks({ settings, platform, broker, readiness: () => [] }), isTold);
});

test("nothing of a password is shown, whatever is in it", () => {
  for (const password of ["secret", "se@cret", "12/se@cret", "se/cret", "se?cret", "se#cret", "se cret", "se@@cret@"]) {
    assert.equal(withoutLogin(`mqtt://ota:${password}@host:1883`), "mqtt://host:1883");
  }
  assert.equal(withoutLogin("mqtt://host:1883"), "mqtt://host:1883");
});
