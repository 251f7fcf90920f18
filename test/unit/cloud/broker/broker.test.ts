import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { test } from "node:test";
import type { MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import { closed, next, proof, topics, until, withRunningBroker } from "../../../support/running-broker.js";
import { CLIENT_NAME, tlsPem } from "../../../support/tls-fixtures.js";

async function refusedWith(connecting: Promise<MqttClient>, code: number): Promise<void> {
  await assert.rejects(connecting, (error) => (error as { code?: number }).code === code);
}

test("both ways of signing are accepted", async () => {
  await withRunningBroker(async ({ connect }) => {
    for (const method of ["sha256", "sha1"] as const) {
      const client = await connect(proof("light_01", method));
      assert.equal(client.connected, true);
    }
  });
});

test("a wrong password, an unknown device and another's name are refused with code 4", async () => {
  await withRunningBroker(async ({ connect }) => {
    await refusedWith(connect({ password: `${"0".repeat(64)};hmacsha256` }), 4);
    await refusedWith(connect({ password: "" }), 4);
    await refusedWith(connect(proof("light_09")), 4);
    await refusedWith(connect({ ...proof("light_02"), clientId: proof().clientId }), 4);
  });
});

test("MQTT 3.1, which the vendor's Python SDK uses, is accepted, with the longest name too", async () => {
  await withRunningBroker(async ({ connect, core }) => {
    const deviceName = "n".repeat(48);
    await core.desk.addDevice({ productId: "ABCDE12345", deviceName, deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" });
    const client = await connect({ ...proof(deviceName), protocolId: "MQIsdp", protocolVersion: 3 });
    assert.equal(client.connected, true);
  });
});

test("a keepalive of 900 s is accepted, one over it refused", async () => {
  await withRunningBroker(async ({ connect }) => {
    assert.equal((await connect({ keepalive: 900 })).connected, true);
    assert.equal((await connect({ keepalive: 0 })).connected, true);
    await refusedWith(connect({ keepalive: 901 }), 4);
  });
});

test("a will is refused", async () => {
  await withRunningBroker(async ({ connect, heard }) => {
    const { publish: topic } = topics("light_01");
    await refusedWith(connect({ will: { topic, payload: Buffer.from("gone"), qos: 0, retain: false } }), 4);
    assert.deepEqual(heard, []);
  });
});

test("messages on the device's own topic are taken, at QoS 0, and at QoS 1 with an acknowledgement", async () => {
  await withRunningBroker(async ({ connect, heard }) => {
    const { publish } = topics("light_01");
    const client = await connect();
    client.publish(publish, "first");
    await client.publishAsync(publish, "second", { qos: 1 });
    assert.deepEqual(heard, [`${publish} first`, `${publish} second`]);
  });
});

test("a device that publishes elsewhere, retained or at QoS 2 is disconnected, and its message dropped", async () => {
  await withRunningBroker(async ({ connect, heard }) => {
    const own = topics("light_01").publish;
    const tries: [topic: string, options: { qos?: 0 | 1 | 2; retain?: boolean }][] = [
      [topics("light_02").publish, {}],
      [topics("light_01").subscribe, {}],
      ["$SYS/x", { qos: 1 }],
      ["any", {}],
      [own, { retain: true }],
      [own, { qos: 1, retain: true }],
      [own, { qos: 2 }],
    ];
    for (const [topic, options] of tries) {
      const client = await connect();
      client.publish(topic, "x", options);
      await closed(client);
    }
    assert.deepEqual(heard, []);
  });
});

test("a second connection of an identity ends the first, and takes its place", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    const first = await connect();
    await first.subscribeAsync(subscribe);
    const other = await connect(proof("light_02"));
    const second = await connect();
    await closed(first);
    assert.equal(second.connected, true);
    assert.equal(other.connected, true);
    await until(() => !broker.isSubscribed(subscribe));
    await second.subscribeAsync(subscribe);
    assert.equal(broker.isSubscribed(subscribe), true);
  });
});

test("bytes that are no MQTT end their own connection only", async () => {
  await withRunningBroker(async ({ port, connect }) => {
    const client = await connect();
    for (const noise of ["GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00", "\x10\x02\x00\x04", "\xff".repeat(100)]) {
      const socket = connectSocket(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      const gone = once(socket, "close", { signal: AbortSignal.timeout(5000) });
      socket.end(Buffer.from(noise, "latin1"));
      socket.resume();
      await gone;
    }
    await client.publishAsync(topics("light_01").publish, "still here", { qos: 1 });
  });
});

test("over TLS the device's certificate replaces its password, and no other device's", async () => {
  await withRunningBroker(
    async ({ connect }) => {
      const certificate = { cert: tlsPem("client.pem"), key: tlsPem("client-key.pem"), rejectUnauthorized: false };
      assert.equal(proof().clientId, CLIENT_NAME);
      assert.equal((await connect({ ...certificate, password: "any" })).connected, true);
      await refusedWith(connect({ ...certificate, ...proof("light_02"), password: "any" }), 4);
      assert.equal((await connect({ ...certificate, ...proof("light_02") })).connected, true);
      await refusedWith(connect({ rejectUnauthorized: false, password: "any" }), 4);
    },
    { tls: true },
  );
});

test("a device may ask for the time on its own topic, and hear the answer", async () => {
  await withRunningBroker(async ({ broker, connect, heard }) => {
    const client = await connect();
    const result = "$sys/operation/result/ABCDE12345/light_01";
    assert.equal((await client.subscribeAsync(result, { qos: 1 }))[0]?.qos, 1);
    const ask = "$sys/operation/ABCDE12345/light_01";
    await client.publishAsync(ask, "{}", { qos: 1 });
    assert.deepEqual(heard, [`${ask} {}`]);
    const answered = next(client, "message");
    broker.publish(result, "now");
    assert.deepEqual(String((await answered)[1]), "now");
    await assert.rejects(client.subscribeAsync("$sys/operation/result/ABCDE12345/light_02"));
    client.publish("$sys/operation/ABCDE12345/light_02", "{}");
    await closed(client);
    assert.equal(heard.length, 1);
  });
});

test("a client that reads nothing holds up nobody else's messages", async () => {
  await withRunningBroker(async ({ broker, port, connect }) => {
    const { subscribe } = topics("light_02");
    const socket = connectSocket(port, "127.0.0.1");
    try {
      const reader = await connect();
      await reader.subscribeAsync(topics("light_01").subscribe);
      const { password, ...named } = proof("light_02");
      socket.write(mqttPacket.generate({ cmd: "connect", clean: true, ...named, password: Buffer.from(password) }));
      await once(socket, "data");
      socket.write(
        mqttPacket.generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: subscribe, qos: 0 }] }),
      );
      await once(socket, "data");
      socket.pause();
      const large = "x".repeat(60_000);
      for (let count = 0; count < 400; count++) broker.publish(subscribe, large);
      const received = next(reader, "message");
      broker.publish(topics("light_01").subscribe, "for another one");
      assert.equal(String((await received)[1]), "for another one");
    } finally {
      socket.destroy();
    }
  });
});

test("a connection that has sent nothing does not hold up the end of the broker", async () => {
  await withRunningBroker(async ({ broker, port }) => {
    const socket = connectSocket(port, "127.0.0.1");
    await once(socket, "connect");
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5000, "open").unref());
    const ended = once(socket, "close").then(() => "closed");
    void broker.close();
    assert.equal(await Promise.race([ended, late]), "closed");
  });
});
