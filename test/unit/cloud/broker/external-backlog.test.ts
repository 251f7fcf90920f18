import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt from "mqtt";
import { ExternalBroker } from "../../../../cloud/broker/external-broker.js";
import { withFolder } from "../../../support/folder.js";
import { Mosquitto, skipMosquitto } from "../../../support/mosquitto.js";
import { until } from "../../../support/running-broker.js";

/** More than the cloud takes at a time. */
const MESSAGES = 2000;
const UPDATE = "$ota/update/ABCDE12345/d0";

interface Bed {
  readonly lines: string[];
  /** Connects the cloud, which handles nothing before `release`. */
  connect(keepaliveSec: number): Promise<ExternalBroker>;
  /** Publishes a report of each device. */
  report(): Promise<void>;
  handled(): number;
  release(): void;
  /** @returns when a device has got this */
  arrived(payload: string): Promise<void>;
}

/** A broker that hands over all that it has at once. */
function withBroker(body: (bed: Bed) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const conf = (port: number): string =>
      `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0`;
    const mosquitto = await Mosquitto.start(folder, conf);
    const devices = await mqtt.connectAsync(mosquitto.url, { clientId: "devices" });
    await devices.subscribeAsync(UPDATE);
    const got: string[] = [];
    devices.on("message", (_topic, payload) => got.push(payload.toString()));
    const lines: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let handled = 0;
    let broker: ExternalBroker | undefined;
    try {
      await body({
        lines,
        connect: async (keepaliveSec) => {
          broker = await ExternalBroker.connect({
            url: mosquitto.url,
            clientId: "cloud",
            keepaliveSec,
            mayRetry: () => true,
            onConnection: (line) => lines.push(line),
            onPublish: async () => {
              await held;
              handled++;
            },
          });
          return broker;
        },
        report: async () => {
          const names = Array.from({ length: MESSAGES }, (_, index) => `d${index}`);
          await Promise.all(
            names.map((name) => devices.publishAsync(`$ota/report/ABCDE12345/${name}`, "{}", { qos: 1 })),
          );
        },
        handled: () => handled,
        release: () => release(),
        arrived: (payload) => until(() => got.includes(payload)),
      });
    } finally {
      release();
      await broker?.close();
      await devices.endAsync(true);
      await mosquitto.end();
    }
  });
}

test("a broker that sends more than can be stored at once is not taken for lost", { skip: skipMosquitto }, () =>
  withBroker(async ({ connect, report, handled, release, lines }) => {
    const broker = await connect(3);
    await report();
    // Twice as long as a ping may go without its answer.
    await new Promise((resolve) => setTimeout(resolve, 9000));
    assert.deepEqual([broker.isConnected, lines, handled()], [true, [], 0]);
    release();
    await until(() => handled() === MESSAGES);
  }),
);

test("while what a broker has kept is handled, devices get their offers", { skip: skipMosquitto }, () =>
  withBroker(async ({ connect, report, handled, release, arrived }) => {
    await (await connect(60)).close();
    await report();
    const broker = await connect(60);
    broker.publish(UPDATE, "an offer");
    await arrived("an offer");
    assert.deepEqual([broker.isConnected, handled()], [true, 0]);
    release();
    await until(() => handled() === MESSAGES);
  }),
);
