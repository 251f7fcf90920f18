import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import type { AddressInfo } from "node:net";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { OwnBroker } from "../../cloud/broker/own-broker.js";
import type { FaultList } from "../../cloud/faults/fault-list.js";
import { rightsOf } from "../../cloud/broker/rights.js";
import { type Core, openAtRest } from "../../cloud/core.js";
import { withFolder } from "./folder.js";
import { MUTUAL_TLS } from "./tls-fixtures.js";

const PRODUCT = "ABCDE12345";
const SECRET = Buffer.from("0123456789abcdef");
const DEVICES = ["light_01", "light_02"];
const EXPIRY = 2_147_483_647;

export function topics(deviceName: string): { publish: string; subscribe: string } {
  return { publish: `$ota/report/${PRODUCT}/${deviceName}`, subscribe: `$ota/update/${PRODUCT}/${deviceName}` };
}

/** The credentials of a device. */
export function proof(deviceName = "light_01", method: "sha256" | "sha1" = "sha256") {
  const clientId = PRODUCT + deviceName;
  const username = `${clientId};12010126;x7Kq2;${EXPIRY}`;
  return { clientId, username, password: `${createHmac(method, SECRET).update(username).digest("hex")};hmac${method}` };
}

export interface RunningBroker {
  readonly broker: OwnBroker;
  readonly port: number;
  readonly core: Core;
  /** `topic payload` */
  readonly heard: string[];
  /** What was reported as refused. */
  readonly refused: string[];
  connect(options?: IClientOptions): Promise<MqttClient>;
}

/** A broker on a real socket, whose clients are disconnected at the end. */
export async function withRunningBroker(
  body: (running: RunningBroker) => Promise<void>,
  { tls = false, faults }: { readonly tls?: boolean; readonly faults?: FaultList } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const core = await openAtRest(folder);
    for (const deviceName of DEVICES) {
      await core.desk.addDevice({ productId: PRODUCT, deviceName, deviceSecret: SECRET.toString("base64") });
    }
    const heard: string[] = [];
    const refused: string[] = [];
    const broker = await OwnBroker.create({
      onRefused: (line) => refused.push(line),
      authenticate: async (clientId, username, password) => {
        const session = await core.platform.authenticate({ clientId, username, password });
        return session === undefined ? undefined : rightsOf(session, core.sessions);
      },
      onPublish: async (topic, payload) => void heard.push(`${topic} ${payload}`),
      tls: tls ? { ...MUTUAL_TLS, rejectUnauthorized: false } : undefined,
      faults,
    });
    await new Promise<void>((resolve) => broker.server.listen(0, "127.0.0.1", resolve));
    const { port } = broker.server.address() as AddressInfo;
    const clients: MqttClient[] = [];
    const connect = async (options: IClientOptions = {}): Promise<MqttClient> => {
      const url = `${tls ? "mqtts" : "mqtt"}://127.0.0.1:${port}`;
      const client = mqtt.connect(url, { reconnectPeriod: 0, connectTimeout: 5000, ...proof(), ...options });
      clients.push(client);
      client.on("error", () => {});
      await new Promise<void>((resolve, reject) => {
        client.once("connect", () => resolve());
        client.once("error", reject);
        client.once("close", () => reject(new Error("closed")));
      });
      return client;
    };
    try {
      await body({ broker, port, core, heard, refused, connect });
    } finally {
      for (const client of clients) client.end(true);
      await broker.close();
      await core.close();
    }
  });
}

export function next(client: MqttClient, event: "close" | "message"): Promise<unknown[]> {
  return once(client as unknown as EventEmitter, event, { signal: AbortSignal.timeout(5000) });
}

export async function closed(client: MqttClient): Promise<void> {
  if (client.connected) await next(client, "close");
  assert.equal(client.connected, false);
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (const end = performance.now() + timeoutMs; !(await condition()); await turn()) {
    assert.ok(performance.now() < end, `it did not come to pass within ${timeoutMs} ms`);
  }
}
