import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsOf } from "../../../support/device-credentials.js";
import { DEVICE, PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { CLIENT, GATEWAY, type HookBed, SUB_DEVICE, withHooks } from "./hook-bed.js";

/*
 * What brokers send, and how they read the answer, as their documents say it.
 */

const KEY = `${PRODUCT}/${DEVICE}`;
const OTHER_SECRET = Buffer.from("another secret of 16").toString("base64");

function form(fields: { readonly [name: string]: string }): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  };
}

test("EMQX 5 gets allow, no superuser, the expiry of the signature and the rights as a list", () =>
  withHooks(async ({ call }) => {
    const expirySec = Math.floor(Date.now() / 1000) + 3600;
    const { clientId, username, password } = credentialsOf(CLIENT, SECRET, expirySec);
    // The document's example has the client id in the URL and the rest in the body.
    const answer = await call(`/hooks/mqtt/auth?clientid=${clientId}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Request-Source": "EMQX" },
      body: JSON.stringify({ username, password }),
    });
    assert.deepEqual([answer.status, answer.type], [200, "application/json"]);
    const publish = (topic: string) => ({
      permission: "allow",
      action: "publish",
      topic: `eq ${topic}`,
      qos: [0, 1],
      retain: false,
    });
    const subscribe = (topic: string) => ({
      permission: "allow",
      action: "subscribe",
      topic: `eq ${topic}`,
      qos: [0, 1],
    });
    assert.deepEqual(JSON.parse(answer.text), {
      result: "allow",
      is_superuser: false,
      expire_at: expirySec,
      acl: [
        publish(`$ota/report/${KEY}`),
        publish(`${KEY}/data`),
        publish(`${KEY}/event`),
        publish(`$gateway/operation/${KEY}`),
        publish(`$sys/operation/${KEY}`),
        subscribe(`$ota/update/${KEY}`),
        subscribe(`${KEY}/data`),
        subscribe(`${KEY}/control`),
        subscribe(`$gateway/operation/result/${KEY}`),
        subscribe(`$sys/operation/result/${KEY}`),
      ],
    });
  }));

test("EMQX 5 by GET has all in the query", () =>
  withHooks(async ({ call }) => {
    const query = new URLSearchParams({ ...credentialsOf(CLIENT, SECRET), clientid: CLIENT });
    const { status, text } = await call(`/hooks/mqtt/auth?${query}`);
    assert.deepEqual([status, (JSON.parse(text) as { result: string }).result], [200, "allow"]);
  }));

test("a signature that never expires brings no expiry, which a broker would take for the year 2038", () =>
  withHooks(async ({ json }) => {
    const shown = credentialsOf(CLIENT, SECRET);
    const answer = (await json("/hooks/mqtt/auth", { ...shown, clientid: CLIENT })) as { result: string };
    assert.deepEqual([answer.result, "expire_at" in answer], ["allow", false]);
  }));

test("EMQX 5 is told deny with status 200, because it asks the next authenticator after any other status", () =>
  withHooks(async ({ call }) => {
    for (const [secret, expirySec] of [
      [OTHER_SECRET, undefined],
      [SECRET, 1000],
    ] as const) {
      const { username, password } = credentialsOf(CLIENT, secret, expirySec);
      const body = JSON.stringify({ clientid: CLIENT, username, password });
      const headers = { "Content-Type": "application/json" };
      const { status, text } = await call("/hooks/mqtt/auth", { method: "POST", headers, body });
      assert.deepEqual([status, JSON.parse(text)], [200, { result: "deny" }]);
    }
  }));

test("a client that is no device is left to the broker's other authenticators", () =>
  withHooks(async ({ json }) => {
    const body = { clientid: "dashboard", username: "admin", password: "public" };
    assert.deepEqual(await json("/hooks/mqtt/auth", body), { result: "ignore" });
    const use = { clientid: "dashboard", username: "admin", action: "subscribe", topic: "#" };
    assert.deepEqual(await json("/hooks/mqtt/acl", use), { result: "ignore" });
  }));

test("no password, or the word that a broker writes for none, proves nothing", () =>
  withHooks(async ({ json }) => {
    const { username } = credentialsOf(CLIENT, SECRET);
    for (const password of ["", "undefined", null, undefined]) {
      const answer = await json("/hooks/mqtt/auth", { clientid: CLIENT, username, password });
      assert.deepEqual(answer, { result: "deny" }, String(password));
    }
  }));

test("a certificate that the broker has verified proves the client id that is its common name, and no other", () =>
  withHooks(async ({ json }) => {
    const { username } = credentialsOf(CLIENT, SECRET);
    const result = async (cert_common_name: string): Promise<unknown> =>
      ((await json("/hooks/mqtt/auth", { clientid: CLIENT, username, cert_common_name })) as { result: string }).result;
    assert.equal(await result(CLIENT), "allow");
    assert.equal(await result(`${CLIENT}2`), "deny");
  }));

test("EMQX 5 asks for each topic: a device's own, and those of its sub-devices as long as they are bound", () =>
  withHooks(async ({ bed, json }) => {
    const may = async (clientid: string, action: string, topic: string, more: object = {}): Promise<string> => {
      const body = { username: "u", clientid, action, topic, qos: 1, retain: "false", ...more };
      return ((await json("/hooks/mqtt/acl", body)) as { result: string }).result;
    };
    const sub = `${PRODUCT}/${SUB_DEVICE}`;
    const gateway = `${PRODUCT}${GATEWAY}`;
    for (const [clientid, action, topic, result] of [
      [CLIENT, "publish", `$ota/report/${KEY}`, "allow"],
      [CLIENT, "subscribe", `$ota/update/${KEY}`, "allow"],
      [CLIENT, "publish", `$ota/update/${KEY}`, "deny"],
      [CLIENT, "subscribe", `$ota/report/${KEY}`, "deny"],
      [CLIENT, "subscribe", "$ota/update/+/+", "deny"],
      [CLIENT, "subscribe", "#", "deny"],
      [CLIENT, "subscribe", "$SYS/#", "deny"],
      [CLIENT, "publish", `$ota/report/${sub}`, "deny"],
      [gateway, "publish", `$ota/report/${sub}`, "allow"],
      [gateway, "subscribe", `$ota/update/${sub}`, "allow"],
      [gateway, "publish", `$gateway/operation/${sub}`, "deny"],
    ] as const) {
      assert.equal(await may(clientid, action, topic), result, `${clientid} ${action} ${topic}`);
    }
    assert.equal(await may(CLIENT, "publish", `$ota/report/${KEY}`, { retain: "true" }), "deny");
    assert.equal(await may(CLIENT, "subscribe", `$ota/update/${KEY}`, { qos: 2 }), "deny");

    await bed.desk.unbindSubDevice({ productId: PRODUCT, deviceName: SUB_DEVICE });
    assert.equal(await may(gateway, "publish", `$ota/report/${sub}`), "deny");
  }));

test("the list that a gateway gets has the topics of its sub-devices, too", () =>
  withHooks(async ({ json }) => {
    const clientid = `${PRODUCT}${GATEWAY}`;
    const answer = await json("/hooks/mqtt/auth", { ...credentialsOf(clientid, SECRET), clientid });
    const topics = (answer as { acl: { topic: string }[] }).acl.map(({ topic }) => topic);
    for (const topic of [`$ota/report/${PRODUCT}/${SUB_DEVICE}`, `$ota/update/${PRODUCT}/${SUB_DEVICE}`]) {
      assert.ok(topics.includes(`eq ${topic}`), topic);
    }
    assert.equal(topics.length, 16);
  }));

test("RMQTT sends a form with the numbers of EMQX 4 and reads result, acl and expire_at of JSON, or one word", () =>
  withHooks(async ({ call }) => {
    const { username, password } = credentialsOf(CLIENT, SECRET);
    const auth = await call("/hooks/mqtt/auth", form({ clientid: CLIENT, username, password }));
    assert.equal((JSON.parse(auth.text) as { result: string }).result, "allow");
    const use = { username, clientid: CLIENT, ipaddr: "127.0.0.1" };
    for (const [access, topic, result] of [
      ["1", `$ota/update/${KEY}`, "allow"],
      ["2", `$ota/report/${KEY}`, "allow"],
      ["2", `$ota/update/${KEY}`, "deny"],
    ] as const) {
      const { status, text } = await call("/hooks/mqtt/acl?answer=text", form({ ...use, access, topic }));
      assert.deepEqual([status, text], [200, result]);
    }
  }));

test("EMQX 4 and NanoMQ go by the status alone", () =>
  withHooks(async ({ call }) => {
    const { username, password } = credentialsOf(CLIENT, SECRET);
    const auth = async (shown: string): Promise<number> =>
      (await call("/hooks/mqtt/auth?answer=status", form({ clientid: CLIENT, username, password: shown }))).status;
    assert.deepEqual([await auth(password), await auth("wrong")], [200, 403]);
    const acl = async (topic: string): Promise<number> => {
      const query = new URLSearchParams({ access: "2", username, clientid: CLIENT, topic, answer: "status" });
      return (await call(`/hooks/mqtt/acl?${query}`)).status;
    };
    assert.deepEqual([await acl(`$ota/report/${KEY}`), await acl("other")], [200, 403]);
  }));

test("mosquitto-go-auth sends JSON with mosquitto's own numbers and goes by the status", () =>
  withHooks(async ({ call }) => {
    const { username, password } = credentialsOf(CLIENT, SECRET);
    const post = async (path: string, body: object): Promise<number> => {
      const headers = { "Content-Type": "application/json" };
      return (await call(`${path}?answer=status`, { method: "POST", headers, body: JSON.stringify(body) })).status;
    };
    assert.equal(await post("/hooks/mqtt/auth", { username, password, clientid: CLIENT }), 200);
    const acl = (topic: string, acc: number): Promise<number> =>
      post("/hooks/mqtt/acl", { username, clientid: CLIENT, topic, acc });
    assert.deepEqual(
      [
        await acl(`$ota/update/${KEY}`, 4),
        await acl(`$ota/update/${KEY}`, 1),
        await acl(`$ota/report/${KEY}`, 2),
        await acl(`$ota/report/${KEY}`, 1),
        await acl("#", 4),
      ],
      [200, 200, 200, 403, 403],
    );
  }));

test("the cloud itself is let in with the user of its URL, and may use its own topics alone", () =>
  withHooks(
    async ({ json }: HookBed) => {
      const client = { clientid: "otacloud0123456789abcde", username: "cloud" };
      const answer = (await json("/hooks/mqtt/auth", { ...client, password: "its password" })) as {
        result: string;
        acl: { topic: string }[];
      };
      assert.equal(answer.result, "allow");
      assert.deepEqual(
        answer.acl.map(({ topic }) => topic),
        ["$ota/update/+/+", "eq $ota/report/+/+"],
      );
      assert.deepEqual(await json("/hooks/mqtt/auth", { ...client, password: "wrong" }), { result: "deny" });
      const may = (action: string, topic: string): Promise<unknown> =>
        json("/hooks/mqtt/acl", { ...client, action, topic });
      assert.deepEqual(await may("subscribe", "$ota/report/+/+"), { result: "allow" });
      assert.deepEqual(await may("publish", `$ota/update/${KEY}`), { result: "allow" });
      assert.deepEqual(await may("subscribe", "#"), { result: "deny" });
      // A device does not become the cloud by its user name.
      assert.deepEqual(
        await json("/hooks/mqtt/auth", { clientid: CLIENT, username: "cloud", password: "its password" }),
        { result: "deny" },
      );
    },
    {
      cloud: {
        username: "cloud",
        password: "its password",
        topics: { publish: ["$ota/update/+/+"], subscribe: ["$ota/report/+/+"] },
      },
    },
  ));
