import assert from "node:assert/strict";
import { test } from "node:test";
import { closed, next, topics, until, withRunningBroker } from "../../../support/running-broker.js";

/** The code of a SUBACK that MQTT.js turned into an error. */
function grantedOf(error: unknown): number | undefined {
  return (error as { packet?: { granted?: number[] } }).packet?.granted?.[0];
}

test("a subscription to its own topic is granted, and what is published comes at QoS 0", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    for (const qos of [0, 1] as const) {
      const client = await connect();
      const [answer] = await client.subscribeAsync(subscribe, { qos });
      assert.equal(answer?.qos, qos);
      const arrived = next(client, "message");
      broker.publish(subscribe, "hello");
      const [topic, payload, packet] = (await arrived) as [
        string,
        Buffer,
        { qos: number; retain: boolean; dup: boolean },
      ];
      assert.deepEqual(
        [topic, payload.toString(), packet.qos, packet.retain, packet.dup],
        [subscribe, "hello", 0, false, false],
      );
    }
  });
});

test("QoS 2 is never granted to a subscription", async () => {
  await withRunningBroker(async ({ connect }) => {
    const client = await connect();
    const granted = await client.subscribeAsync(topics("light_01").subscribe, { qos: 2 }).then(
      ([answer]) => answer?.qos,
      (error: unknown) => grantedOf(error),
    );
    assert.ok(granted === 1 || granted === 128, `granted ${granted}`);
  });
});

test("a subscription to anything else is refused with 0x80, and the connection stays", async () => {
  await withRunningBroker(async ({ connect }) => {
    const client = await connect();
    for (const filter of [
      topics("light_02").subscribe,
      "#",
      "+/+/+/+",
      "$ota/update/+/light_01",
      `${topics("light_01").subscribe}/#`,
      "$SYS/#",
    ]) {
      await assert.rejects(client.subscribeAsync(filter, { qos: 1 }), (error) => grantedOf(error) === 128, filter);
    }
    assert.equal(client.connected, true);
  });
});

test("two filters in one SUBSCRIBE end the connection, even if both are the device's own", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    for (const filters of [
      [subscribe, "other"],
      [subscribe, topics("light_02").subscribe],
    ]) {
      const client = await connect();
      client.subscribe(filters, () => {});
      await closed(client);
      assert.equal(broker.isSubscribed(subscribe), false);
    }
  });
});

test("a device counts as subscribed until it unsubscribes or disconnects", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    const client = await connect();
    assert.equal(broker.isSubscribed(subscribe), false);
    await client.subscribeAsync(subscribe);
    assert.equal(broker.isSubscribed(subscribe), true);
    assert.equal(broker.isSubscribed(topics("light_02").subscribe), false);
    await client.unsubscribeAsync(subscribe);
    assert.equal(broker.isSubscribed(subscribe), false);
    await client.subscribeAsync(subscribe);
    await client.endAsync();
    await until(() => !broker.isSubscribed(subscribe));
  });
});

test("after the UNSUBACK nothing more is sent on a topic", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    const client = await connect();
    const heard: string[] = [];
    client.on("message", (_, payload) => heard.push(payload.toString()));
    await client.subscribeAsync(subscribe, { qos: 1 });
    const arrived = next(client, "message");
    broker.publish(subscribe, "before");
    await arrived;
    const unsubacks: string[] = [];
    client.on("packetreceive", ({ cmd }) => unsubacks.push(cmd));
    await client.unsubscribeAsync(subscribe);
    assert.deepEqual(unsubacks, ["unsuback"]);
    broker.publish(subscribe, "after");
    await client.subscribeAsync(subscribe, { qos: 1 });
    const again = next(client, "message");
    broker.publish(subscribe, "again");
    await again;
    assert.deepEqual(heard, ["before", "again"]);
  });
});

test("a refused subscription does not make another device count as connected", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const client = await connect();
    await assert.rejects(client.subscribeAsync(topics("light_02").subscribe, { qos: 1 }));
    await client.subscribeAsync(topics("light_01").subscribe, { qos: 1 });
    assert.equal(broker.isSubscribed(topics("light_02").subscribe), false);
  });
});

test("a device that keeps its session counts as subscribed when it is back, and is reached", async () => {
  await withRunningBroker(async ({ broker, connect }) => {
    const { subscribe } = topics("light_01");
    const first = await connect({ clean: false });
    await first.subscribeAsync(subscribe, { qos: 1 });
    await first.endAsync();
    await until(() => !broker.isSubscribed(subscribe));
    const second = await connect({ clean: false });
    const arrived = next(second, "message");
    broker.publish(subscribe, "hello");
    await arrived;
    assert.equal(broker.isSubscribed(subscribe), true);
  });
});
