import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import { Cloud } from "../../cloud/cloud.js";
import { ACTOR, PRODUCT } from "../support/fleet-bed.js";
import { withFolder } from "../support/folder.js";
import { Mosquitto, skipMosquitto } from "../support/mosquitto.js";
import { until } from "../support/running-broker.js";
import { REPEAT, SEED, SeededRandom } from "../support/seed.js";
import { imageOf } from "../support/test-bed.js";

const DEVICES = 100;
const KILLS = 3;

/** This project's agent has ten minutes by default. */
const CHECK_MS = 2000;

/**
 * A device that reports its version when it has connected and again from time to time, as this project's agent does,
 * and takes each offer. What the broker has not acknowledged it sends again. A mosquitto that is killed forgets the
 * cloud's session: what it acknowledges before the cloud is back is lost, and the next report makes up for it.
 */
class Lamp {
  version = "0.1.0";
  readonly #client: MqttClient;
  readonly #name: string;
  readonly #timer: NodeJS.Timeout;
  #isUpdating = false;

  constructor(url: string, name: string) {
    this.#name = name;
    this.#client = connect(url, { clientId: `${PRODUCT}${name}`, reconnectPeriod: 100, connectTimeout: 2000 });
    this.#client.on("error", () => {});
    this.#client.on("connect", () => {
      this.#client.subscribe(`$ota/update/${PRODUCT}/${name}`, { qos: 1 }, () => this.#reportVersion());
    });
    this.#client.on("message", (_topic, payload) => {
      const message = JSON.parse(payload.toString()) as { type: string; version: string };
      if (message.type === "update_firmware" && message.version !== this.version) this.#update(message.version);
    });
    this.#timer = setInterval(() => {
      if (this.#client.connected) this.#reportVersion();
    }, CHECK_MS);
  }

  end(): Promise<void> {
    clearInterval(this.#timer);
    return this.#client.endAsync(true);
  }

  #update(version: string): void {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    for (const progress of [{ state: "downloading", percent: "50" }, { state: "burning" }, { state: "done" }]) {
      this.#report({ type: "report_progress", report: { progress: { result_code: "0", ...progress }, version } });
    }
    this.version = version;
    this.#reportVersion();
  }

  #reportVersion(): void {
    this.#report({ type: "report_version", report: { version: this.version } });
  }

  #report(message: object): void {
    this.#client.publish(`$ota/report/${PRODUCT}/${this.#name}`, JSON.stringify(message), { qos: 1 }, () => {});
  }
}

test(
  `a broker that is killed and comes back again and again under load loses no update: each ends once (seed ${SEED})`,
  { skip: skipMosquitto, timeout: 300_000 },
  () =>
    withFolder(async (folder) => {
      const random = new SeededRandom();
      const mosquitto = await Mosquitto.start(folder);
      const cloud = await Cloud.start({ folder: join(folder, "state"), broker: mosquitto.url });
      const { operator, desk } = cloud;
      const lamps: Lamp[] = [];
      try {
        const names = Array.from({ length: DEVICES }, (_, index) => `lamp_${index}`);
        await operator.addDevices(
          names.map((deviceName) => ({ productId: PRODUCT, deviceName })),
          ACTOR,
        );
        for (const version of ["0.1.0", "0.2.0"]) {
          const path = join(folder, `${version}.bin`);
          writeFileSync(path, imageOf(version, 4096));
          await desk.addFirmware({ productId: PRODUCT, version, path });
        }
        for (const name of names) lamps.push(new Lamp(mosquitto.url, name));
        const atVersion = async (version: string): Promise<number> =>
          (await operator.devices({ version }, { limit: 1000 })).items.length;
        await until(async () => (await atVersion("0.1.0")) === DEVICES, 60_000);

        const selection = { kind: "versions", fromVersions: ["0.1.0"] } as const;
        const { planId } = await desk.upgrade({ productId: PRODUCT, version: "0.2.0", selection });
        for (let kill = 0; kill < KILLS; kill++) {
          await sleep(random.integer(50, 1500));
          await mosquitto.end();
          await until(async () => (await operator.health()).broker === "disconnected", 60_000);
          assert.deepEqual(cloud.readiness(), ["broker"]);
          await sleep(random.integer(0, 500));
          await mosquitto.begin();
          await until(() => cloud.readiness().length === 0, 60_000);
        }
        await until(async () => (await operator.plan(planId)).counts.succeeded === DEVICES, 120_000);

        assert.equal(await atVersion("0.2.0"), DEVICES, REPEAT);
        const { items } = await operator.events({ planId, kind: "task-succeeded" }, { limit: 1000 });
        const ended = items.map(({ taskId }) => taskId);
        assert.deepEqual([ended.length, new Set(ended).size], [DEVICES, DEVICES], REPEAT);
      } finally {
        for (const lamp of lamps) await lamp.end();
        await cloud.stop();
        await mosquitto.end();
      }
    }),
);
