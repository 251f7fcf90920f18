import assert from "node:assert/strict";
import { test } from "node:test";
import type { PresenceCall } from "../../../../cloud/hooks/calls.js";
import { credentialsOf } from "../../../support/device-credentials.js";
import { DEVICE, PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { CLIENT, type HookAnswer, type HookBed, withHooks } from "./hook-bed.js";

/*
 * VerneMQ's web hooks, with the bodies of its documents (docs.vernemq.com, "Webhooks"): each is a POST of JSON whose
 * header names the hook, and each answer must have status 200. What it reads of the answer: `result`, and `max-age` of
 * `cache-control`, for which it would keep an answer.
 */

const KEY = `${PRODUCT}/${DEVICE}`;
const UPDATE = `$ota/update/${KEY}`;
const REPORT = `$ota/report/${KEY}`;
const { username, password } = credentialsOf(CLIENT, SECRET);
const CLIENT_FIELDS = { client_id: CLIENT, mountpoint: "", username };
const OK = { result: "ok" };
const REFUSED = { result: { error: "not_allowed" } };
/** Each authorizing hook has one for clients of MQTT 5, whose body has the properties of the packet as well. */
const VERSIONS = [
  { end: "", register: { clean_session: false }, more: {} },
  { end: "_m5", register: { clean_start: true, properties: {} }, more: { properties: {} } },
] as const;

/** Calls a hook as VerneMQ does, at the path that the documents of the cloud name. */
async function hookOf({ call }: HookBed, name: string, body: object): Promise<HookAnswer> {
  const path = name.startsWith("auth_on_register") ? "auth" : name.startsWith("auth_on") ? "acl" : "presence";
  return call(`/hooks/mqtt/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "vernemq-hook": name },
    body: JSON.stringify(body),
  });
}

/** @returns what VerneMQ reads of the answer */
async function resultOf(bed: HookBed, name: string, body: object): Promise<unknown> {
  const { status, type, text, cacheControl } = await hookOf(bed, name, body);
  assert.deepEqual([status, type], [200, "application/json"], text);
  // With a max-age VerneMQ would keep the answer: a device that was removed would stay in.
  assert.doesNotMatch(cacheControl ?? "", /max-age=/);
  return JSON.parse(text);
}

for (const { end, register, more } of VERSIONS) {
  test(`auth_on_register${end} reads ok, next or an error`, () =>
    withHooks(async (bed) => {
      const answer = (fields: object): Promise<unknown> =>
        resultOf(bed, `auth_on_register${end}`, {
          peer_addr: "127.0.0.1",
          peer_port: 8888,
          ...CLIENT_FIELDS,
          ...register,
          ...fields,
        });
      assert.deepEqual(await answer({ password }), OK);
      assert.deepEqual(await answer({ password: "password" }), REFUSED);
      // What a client did not send is null.
      assert.deepEqual(await answer({ username: null, password: null }), REFUSED);
      assert.deepEqual(await answer({ client_id: "client-id", username: "username", password }), { result: "next" });
    }));

  test(`auth_on_subscribe${end} has topics that each have a QoS: one that may not be refuses them all`, () =>
    withHooks(async (bed) => {
      const answer = (...topics: readonly (readonly [topic: string, qos: number])[]): Promise<unknown> =>
        resultOf(bed, `auth_on_subscribe${end}`, {
          ...CLIENT_FIELDS,
          topics: topics.map(([topic, qos]) => ({ topic, qos })),
          ...more,
        });
      assert.deepEqual(await answer([UPDATE, 1], [`${KEY}/control`, 0]), OK);
      assert.deepEqual(await answer([UPDATE, 1], ["a/b", 1]), REFUSED);
      assert.deepEqual(await answer([UPDATE, 2]), REFUSED);
      assert.deepEqual(await answer([UPDATE, 1], [`${KEY}/control`, 2]), REFUSED);
    }));

  test(`auth_on_publish${end} has one topic, its QoS and the retain flag, with a payload or without`, () =>
    withHooks(async (bed) => {
      const answer = (fields: object): Promise<unknown> =>
        resultOf(bed, `auth_on_publish${end}`, {
          ...CLIENT_FIELDS,
          qos: 1,
          topic: REPORT,
          payload: "aGVsbG8=",
          retain: false,
          ...more,
          ...fields,
        });
      assert.deepEqual(await answer({}), OK);
      assert.deepEqual(await answer({ payload: undefined }), OK);
      assert.deepEqual(await answer({ topic: "a/b" }), REFUSED);
      assert.deepEqual(await answer({ topic: UPDATE }), REFUSED);
      assert.deepEqual(await answer({ qos: 2 }), REFUSED);
      assert.deepEqual(await answer({ retain: true }), REFUSED);
    }));
}

test("what cannot be decided has another status than 200, which VerneMQ takes as an error", () =>
  withHooks(
    async (bed) => {
      const { status, cacheControl } = await hookOf(bed, "auth_on_publish", {
        ...CLIENT_FIELDS,
        qos: 1,
        topic: REPORT,
      });
      assert.deepEqual([status, cacheControl], [503, "no-store"]);
    },
    {
      gatekeeper: {
        connect: () => Promise.reject(new Error("the store is away")),
        use: () => Promise.reject(new Error("the store is away")),
      },
    },
  ));

test("who is connected is told by hooks of both versions of MQTT, which are answered with an empty object", async () => {
  const calls: PresenceCall[] = [];
  await withHooks(
    async (bed) => {
      const client = { client_id: CLIENT, mountpoint: "" };
      const registered = { peer_addr: "127.0.0.1", peer_port: 8888, username, ...client };
      assert.deepEqual(await resultOf(bed, "on_register", registered), {});
      for (const name of ["on_client_offline", "on_client_wakeup", "on_client_gone"]) {
        assert.deepEqual(await resultOf(bed, name, client), {});
      }
      assert.deepEqual(await resultOf(bed, "on_register_m5", { ...registered, properties: {} }), {});
      // Nothing is made of the others.
      assert.deepEqual(await resultOf(bed, "on_unsubscribe", { ...CLIENT_FIELDS, topics: ["a/b", "c/d"] }), {});
      assert.deepEqual(await resultOf(bed, "constructor", client), {});
    },
    { onPresence: (call) => calls.push(call) },
  );
  assert.deepEqual(
    calls.map(({ clientId, online }) => `${clientId} ${online}`),
    [true, false, true, false, true].map((online) => `${CLIENT} ${online}`),
  );
});
