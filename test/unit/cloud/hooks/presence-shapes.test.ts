import assert from "node:assert/strict";
import { test } from "node:test";
import { type PresenceCall, readPresenceEvent } from "../../../../cloud/hooks/calls.js";
import { CLIENT, withHooks } from "./hook-bed.js";

test("the events that brokers send are taken as their documents show them, and others are not", async () => {
  const calls: PresenceCall[] = [];
  await withHooks(
    async ({ json }) => {
      const send = (body: object, headers: { [name: string]: string } = {}): Promise<unknown> =>
        json("/hooks/mqtt/presence", body, headers);
      // EMQX 5: a rule on client events, whose action sends all fields.
      await send({
        event: "client.connected",
        clientid: CLIENT,
        username: "u_emqx",
        peername: "192.168.0.10:56431",
        keepalive: 60,
        connected_at: 1645003578000,
        timestamp: 1645003578001,
        node: "emqx@127.0.0.1",
      });
      const gone = { event: "client.disconnected", clientid: CLIENT, disconnected_at: 1645003578536 };
      await send({ ...gone, reason: "normal" });
      // The client has another connection already.
      for (const reason of ["takenover", "discarded"]) await send({ ...gone, reason });
      // RMQTT names the event as EMQX 4 does.
      await send({ action: "client_connected", clientid: CLIENT, connected_at: 1645003579000 });
      // VerneMQ says it in a header, and no time.
      const client = { mountpoint: "", client_id: CLIENT };
      await send({ ...client, peer_addr: "127.0.0.1", username: "u" }, { "vernemq-hook": "on_register" });
      await send(client, { "vernemq-hook": "on_client_offline" });
      for (const event of ["message.publish", "session.subscribed", ""]) await send({ event, clientid: CLIENT });
      await send({ event: "client.connected" });
    },
    { onPresence: (call) => calls.push(call) },
  );
  assert.deepEqual(calls, [
    { clientId: CLIENT, online: true, atMs: 1645003578000 },
    { clientId: CLIENT, online: false, atMs: 1645003578536 },
    { clientId: CLIENT, online: true, atMs: 1645003579000 },
    { clientId: CLIENT, online: true, atMs: undefined },
    { clientId: CLIENT, online: false, atMs: undefined },
  ]);
});

test("what EMQX publishes below $SYS is read by its topic", () => {
  const topic = `$SYS/brokers/emqx@127.0.0.1/clients/${CLIENT}`;
  const common = { username: "foo", ts: 1625572213873, sockport: 1883, proto_ver: 4, ipaddress: "127.0.0.1" };
  const connected = JSON.stringify({
    ...common,
    keepalive: 60,
    connected_at: 1625572213873,
    connack: 0,
    clientid: "other",
  });
  assert.deepEqual(readPresenceEvent(`${topic}/connected`, connected), {
    clientId: CLIENT,
    online: true,
    atMs: 1625572213873,
  });
  const gone = { ...common, disconnected_at: 1625572213999 };
  assert.deepEqual(readPresenceEvent(`${topic}/disconnected`, JSON.stringify({ ...gone, reason: "tcp_closed" })), {
    clientId: CLIENT,
    online: false,
    atMs: 1625572213999,
  });
  assert.equal(readPresenceEvent(`${topic}/disconnected`, JSON.stringify({ ...gone, reason: "takenover" })), undefined);
  assert.equal(readPresenceEvent(`${topic}/subscribed`, "{}"), undefined);
  assert.equal(readPresenceEvent(`${topic}/connected`, "no JSON"), undefined);
});
