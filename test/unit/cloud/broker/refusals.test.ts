import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { test } from "node:test";
import { Refusals, shortened } from "../../../../cloud/broker/refusals.js";
import { closed, proof, topics, until, withRunningBroker } from "../../../support/running-broker.js";

test("twenty lines of ten seconds are reported, and how many were not", () => {
  const lines: string[] = [];
  let nowMs = 5;
  const refusals = new Refusals({ report: (line) => lines.push(line), nowMs: () => nowMs });
  for (let count = 0; count < 57; count++) refusals.add(`line ${count}`);
  assert.deepEqual([lines.length, lines[19]], [21, "line 19"]);
  assert.equal(lines.pop(), "further refusals of these 10 s are only counted");
  nowMs += 9_999;
  refusals.add("late");
  assert.equal(lines.length, 20);
  nowMs += 1;
  refusals.add("next");
  assert.deepEqual(lines.slice(20), ["38 more refusals are not shown", "next"]);
});

test("nothing of a client acts on a terminal, and a long text is cut", () => {
  const lines: string[] = [];
  new Refusals({ report: (line) => lines.push(line) }).add("a\u001b[2J\u009b1m\nb");
  assert.deepEqual(lines, ["a\\u001b[2J\\u009b1m\\u000ab"]);
  assert.equal(shortened("x".repeat(65_535)), `${"x".repeat(200)}…`);
});

test("the broker reports a CONNECT that it refuses, with the reason and without what should prove it", async () => {
  await withRunningBroker(async ({ connect, refused }) => {
    const { publish: topic } = topics("light_01");
    const wrong = "0123456789abcdef".repeat(4);
    const will = { topic, payload: Buffer.from("gone"), qos: 0, retain: false } as const;
    for (const options of [{ password: `${wrong};hmacsha256` }, proof("light_09"), { keepalive: 901 }, { will }]) {
      await assert.rejects(connect(options));
    }
    const notProven = "CONNECT refused with code 4: no such device, wrong password, or its time is over";
    assert.deepEqual(refused, [
      `ABCDE12345light_01: ${notProven}`,
      `ABCDE12345light_09: ${notProven}`,
      "ABCDE12345light_01: CONNECT refused with code 4: its keepalive is over 900 s",
      "ABCDE12345light_01: CONNECT refused with code 4: it has a will",
    ]);
    for (const secret of [wrong, proof().password, proof().username]) assert.ok(!refused.join().includes(secret));
  });
});

test("the broker reports a PUBLISH and a SUBSCRIBE that it refuses, and nothing of what it accepts", async () => {
  await withRunningBroker(async ({ connect, refused }) => {
    const own = topics("light_01");
    const other = topics("light_02");
    const client = await connect();
    await client.subscribeAsync(own.subscribe);
    await client.publishAsync(own.publish, "{}", { qos: 1 });
    assert.deepEqual(refused, []);
    await assert.rejects(client.subscribeAsync(other.subscribe));
    await assert.rejects(client.subscribeAsync(own.subscribe, { qos: 2 }));
    client.publish("a\u001bb", "payload");
    await closed(client);
    for (const options of [{ retain: true }, { qos: 2 }] as const) {
      const next = await connect();
      next.publish(own.publish, "payload", options);
      await closed(next);
    }
    const ends = (topic: string, reason: string) =>
      `ABCDE12345light_01: PUBLISH on ${topic} ends the connection: ${reason}`;
    assert.deepEqual(refused, [
      `ABCDE12345light_01: SUBSCRIBE to ${other.subscribe} refused: it has no right to this topic`,
      `ABCDE12345light_01: SUBSCRIBE to ${own.subscribe} refused: QoS 2`,
      ends("a\\u001bb", "it has no right to this topic"),
      ends(own.publish, "retained"),
      ends(own.publish, "QoS 2"),
    ]);
  });
});

test("the broker reports packets that its gate refuses, and bytes that are no MQTT", async () => {
  await withRunningBroker(async ({ port, connect, refused }) => {
    const client = await connect();
    const { subscribe } = topics("light_01");
    await assert.rejects(client.subscribeAsync([subscribe, "ABCDE12345/light_01/control"]));
    assert.match(refused.pop() ?? "", /^connection from \S+ port \d+ ended: a SUBSCRIBE with more than one filter$/);
    for (const [bytes, words] of [
      ["\x10\xff\xff\xff\xff\x01", /^connection from \S+ port \d+ ended: \S/],
      [`\x10\xff\x7f${"x".repeat(5000)}`, /ended: too many bytes before its CONNECT was accepted$/],
      // The first bytes of a TLS handshake.
      ["\x16\x03\x01\x00\xa5\x01\x00\x00", /^connection from \S+ port \d+ ended: \S/],
    ] as const) {
      const socket = connectSocket(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(Buffer.from(bytes, "latin1"));
      await until(() => refused.length > 0);
      assert.match(refused.pop() ?? "", words);
      socket.destroy();
    }
  });
});

test("over TLS the broker reports a handshake that fails", async () => {
  await withRunningBroker(
    async ({ port, refused }) => {
      const socket = connectSocket(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.end("no TLS at all");
      await until(() => refused.length > 0);
      assert.match(refused[0] ?? "", /^connection from .+ ended: ERR_SSL_[A-Z_]+$/);
    },
    { tls: true },
  );
});
