import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../../../hal/ports/index.js";
import { resolveConfig } from "../../../src/agent/config.js";
import { encodeSubscribe } from "../../../src/mqtt/codec.js";
import type { MqttSession } from "../../../src/mqtt/session.js";
import { platformSession } from "../../../src/agent/platform-session.js";
import { connack, publish, sentPackets, suback } from "../../support/broker-packets.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { CollectedLog } from "../../support/log.js";
import { MemoryConnector } from "../../support/memory-network.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const TOPIC = "$ota/update/ABCDE12345/light_01";
const OFFER = { type: "update_firmware", url: "http://h/f", version: "0.2.0", md5sum: "0".repeat(32), file_size: 4096 };

/** A session whose platform the test plays. */
class Platform {
  readonly connector = new MemoryConnector();
  readonly clock = new VirtualClock();
  readonly logged = new CollectedLog();
  readonly events: string[] = [];
  readonly session: MqttSession;
  #draws = 0;

  constructor() {
    this.clock.unix = 1_700_000_000;
    const random = { fill: (into: Uint8Array) => void into.fill(this.#draws++) };
    const device: Pick<Device, "connector" | "clock" | "random" | "log" | "digests"> = {
      connector: this.connector,
      clock: this.clock,
      random,
      log: this.logged.log,
      digests: NODE_DIGESTS,
    };
    this.session = platformSession({
      device: device as Device,
      config: resolveConfig({
        identity: {
          productId: "ABCDE12345",
          deviceName: "light_01",
          authentication: { mode: "KEY", deviceSecret: "c2VjcmV0" },
        },
        broker: { url: "mqtt://broker.test:1884", keepaliveSeconds: 60 },
      }),
      handler: {
        onOnline: () => this.events.push("online"),
        onOffline: ({ code, message }) => this.events.push(`offline ${code}: ${message}`),
        onOffer: ({ version, size }) => this.events.push(`offer ${version} of ${size}`),
        onRefused: (version, reason) => this.events.push(`refused ${version}: ${reason}`),
        onAnswer: ({ resultCode }) => this.events.push(`answer ${resultCode}`),
        onOther: (topic) => {
          this.events.push(`other ${topic}`);
          return topic === "known";
        },
      },
    });
  }

  /** The newest connection is made. @returns its CONNECT, which has the user name */
  greet(): string {
    const { peer } = this.connector;
    peer.accept();
    const [connect] = sentPackets(peer.take());
    peer.send(connack());
    return Buffer.from(connect?.body ?? []).toString("latin1");
  }

  online(): this {
    this.session.start();
    this.greet();
    this.connector.peer.send(suback(1, 1));
    this.connector.peer.take();
    return this;
  }

  receives(topic: string, message: object | string): void {
    this.connector.peer.send(publish(topic, typeof message === "string" ? message : JSON.stringify(message)));
  }
}

test("it connects as configured, and signs each connection anew", () => {
  const platform = new Platform();
  platform.session.start();
  const { host, port } = platform.connector.peer.options;
  assert.deepEqual({ host, port }, { host: "broker.test", port: 1884 });
  const first = platform.greet();
  assert.match(first, /^\0\x04MQTT\x04\xc2\0\x3c.*ABCDE12345light_01.*;12010126;.*;hmacsha256/s);
  platform.connector.peer.fail("closed");
  platform.clock.advance(5000);
  assert.notEqual(platform.greet(), first);
});

test("it is online once the own topic is granted, and not before", () => {
  const platform = new Platform();
  platform.session.start();
  platform.greet();
  assert.deepEqual(platform.connector.peer.take(), new Uint8Array(encodeSubscribe(1, TOPIC)));
  assert.deepEqual(platform.events, []);
  platform.connector.peer.send(suback(1, 1));
  assert.deepEqual(platform.events, ["online"]);
});

test("a subscription that is refused ends the connection", () => {
  const platform = new Platform();
  platform.session.start();
  platform.greet();
  platform.connector.peer.send(suback(1, 0x80));
  assert.deepEqual(platform.events, ["offline mqtt-refused: broker refuses the subscription"]);
  assert.equal(platform.connector.peer.closed, true);
});

test("messages on the own topic are reported by their kind", () => {
  const platform = new Platform().online();
  platform.receives(TOPIC, OFFER);
  platform.receives(TOPIC, { type: "report_version_rsp", result_code: 0, result_msg: "success", version: "0.1.0" });
  assert.deepEqual(platform.events, ["online", "offer 0.2.0 of 4096", "answer 0"]);
});

test("a message that is unknown or malformed is not handed on, and is logged in printable characters", () => {
  const platform = new Platform().online();
  platform.receives(TOPIC, { type: "dance" });
  platform.receives(TOPIC, { ...OFFER, version: "0.2/0" });
  platform.receives(TOPIC, "no JSON");
  assert.deepEqual(platform.events, ["online"]);
  const lines = platform.logged.lines.filter((line) => /unknown|refused/.test(line));
  assert.match(lines[0] ?? "", /^debug mqtt unknown message type dance$/);
  assert.match(lines[1] ?? "", /^warn mqtt message refused: /);
  assert.match(lines[2] ?? "", /^warn mqtt message refused: /);
});

test("what an offer has besides that cannot be used is left out, with one warning", () => {
  const platform = new Platform().online();
  platform.receives(TOPIC, { ...OFFER, consent: true, text: { title: 1, body: "x".repeat(513) } });
  assert.deepEqual(platform.events, ["online", "offer 0.2.0 of 4096"]);
  assert.deepEqual(
    platform.logged.lines.filter((line) => line.startsWith("warn")),
    ["warn mqtt offer of 0.2.0: text.title is no text of at most 512 bytes, text.body is no text of at most 512 bytes"],
  );
});

test("an offer that names a version, and cannot be used, is told with its reason", () => {
  const platform = new Platform().online();
  platform.receives(TOPIC, { ...OFFER, file_size: -1 });
  platform.receives(TOPIC, { ...OFFER, url: "http://h/a b" });
  assert.deepEqual(platform.events, [
    "online",
    "refused 0.2.0: file_size is not a positive integer",
    "refused 0.2.0: url is not plain ASCII",
  ]);
});

test("a message on another topic goes on as it is, and is logged if nobody subscribed to it", () => {
  const platform = new Platform().online();
  platform.receives("known", OFFER);
  assert.ok(!platform.logged.lines.some((line) => line.includes("not subscribed")));
  platform.receives("unknown", OFFER);
  assert.deepEqual(platform.events, ["online", "other known", "other unknown"]);
  assert.equal(platform.logged.lines.at(-1), "debug mqtt message on a topic that was not subscribed");
});
