import { namedDevice, nameAll } from "../rollout/named-device.js";
import { readReport, type Report } from "../rollout/reports.js";
import type { Rollout } from "../rollout/rollout.js";
import type { NamedDevice } from "../rollout/task-dispatch.js";
import type { Transactions, Work } from "../rollout/work.js";
import type { DeviceName } from "../types.js";
import { Bindings } from "./bindings.js";
import { type Credentials, isProven } from "./credentials.js";
import { DeviceSecrets } from "./device-secrets.js";
import { GatewayOperations } from "./gateway.js";
import type { GatewayFaults } from "./gateway-faults.js";
import { LastSeen } from "./last-seen.js";
import type { Session, Sessions } from "./sessions.js";
import { answerTime } from "./time.js";
import { systemResultTopic, updateTopic } from "./topics.js";

export interface PlatformOptions {
  readonly transactions: Transactions;
  readonly rollout: Rollout;
  readonly sessions: Sessions;
  /** Publishes with QoS 0, as the platform always does. */
  publish(topic: string, payload: string): void;
  /** Faults to inject into the answers to gateways. */
  readonly gatewayFaults?: GatewayFaults | undefined;
}

/** A device whose credentials were right. */
export interface Proven {
  readonly device: NamedDevice;
  /** The sub-devices that are bound to it. */
  readonly subDevices: readonly NamedDevice[];
}

/** Characters of a product id, which a client id begins with. */
const PRODUCT_ID_LENGTH = 10;

/** The platform's side of the protocol: it decides which devices may connect, takes their messages, and answers. */
export class Platform {
  readonly #options: PlatformOptions;
  readonly bindings: Bindings;
  readonly gateways: GatewayOperations;
  readonly lastSeen = new LastSeen();
  readonly secrets = new DeviceSecrets();
  /** Count of messages beyond the rate, by client id. */
  readonly #overRate = new Map<string, number>();

  constructor(options: PlatformOptions) {
    const { transactions, sessions, gatewayFaults } = options;
    this.#options = options;
    this.bindings = new Bindings(sessions);
    this.gateways = new GatewayOperations({
      transactions,
      sessions,
      bindings: this.bindings,
      faults: gatewayFaults,
      publish: (topic, payload) => options.publish(topic, payload),
    });
  }

  /** @returns the device's connection, or `undefined` if the credentials do not prove that it is this device */
  async authenticate(credentials: Credentials): Promise<Session | undefined> {
    const proven = await this.prove(credentials);
    if (proven === undefined) return undefined;
    return this.#options.sessions.begin(proven.device, proven.subDevices);
  }

  /**
   * Decides on a connection, of which nothing is kept: another broker has it.
   *
   * @returns `undefined` if the credentials do not prove that it is this device
   */
  async prove(credentials: Credentials): Promise<Proven | undefined> {
    const { transactions } = this.#options;
    const { tables } = transactions;
    const device = await namedDevice(tables, nameOf(credentials.clientId));
    if (device === undefined) return undefined;
    if (!isProven(credentials, device.row.secret ?? undefined, transactions.nowMs() / 1000)) return undefined;
    const subDevices = await tables.devices.subDevicesOf(device.id);
    await this.#connected(device);
    return { device, subDevices: await nameAll(tables, subDevices) };
  }

  /** @returns whether a device may use the topics of this one: it is the same, or is bound to it as a sub-device */
  async mayUse(own: DeviceName, other: DeviceName): Promise<boolean> {
    const { tables } = this.#options.transactions;
    const device = await namedDevice(tables, own);
    if (device === undefined) return false;
    if (own.productId === other.productId && own.deviceName === other.deviceName) return true;
    return (await namedDevice(tables, other))?.gatewayId === device.id;
  }

  /** Handles a message of a device. @throws StorageError if it cannot be stored: it must not be acknowledged then */
  async onMessage(topic: string, payload: string): Promise<void> {
    const [root, , productId = "", deviceName = ""] = topic.split("/");
    if (root === "$ota") await this.onReport({ productId, deviceName }, payload);
    else if (root === "$sys") this.#onSystem({ productId, deviceName }, payload);
    else await this.onOperation({ productId, deviceName }, payload);
  }

  /** Handles a message on `$sys/operation/…` of this device: it gets the time, and all else is dropped. */
  #onSystem(name: DeviceName, payload: string): void {
    const nowMs = this.#options.transactions.nowMs();
    const answer = answerTime(payload, nowMs, nowMs);
    if (answer !== undefined) this.#options.publish(systemResultTopic(name), answer);
  }

  /** Handles a message on `$ota/report/…` of this device. What is not understood is dropped, as on the platform. */
  async onReport(name: DeviceName, payload: string): Promise<void> {
    const report = readReport(payload);
    await this.#options.transactions.join(async (work) => {
      const device = await namedDevice(work.tables, name);
      if (device === undefined) return;
      await this.lastSeen.note(work, device.id);
      if (report === undefined) return;
      this.#answer(work, device, report);
      if (report.kind !== "no-version") await this.#options.rollout.reports.take(work, device, report);
    });
  }

  /** Handles a message on `$gateway/operation/…` of this device. */
  async onOperation(name: DeviceName, payload: string): Promise<void> {
    const { sessions, transactions } = this.#options;
    // With another broker, this message is the first sign that the gateway is connected.
    if (sessions.get(name) === undefined) {
      const gateway = await namedDevice(transactions.tables, name);
      if (gateway === undefined) return;
      const subDevices = await transactions.tables.devices.subDevicesOf(gateway.id);
      sessions.begin(gateway, await nameAll(transactions.tables, subDevices));
    }
    await this.gateways.onOperation(name, payload);
  }

  /** Counts a message beyond the platform's rate. @returns how many there were since the cloud was started */
  countOverRate(clientId: string): number {
    const count = (this.#overRate.get(clientId) ?? 0) + 1;
    this.#overRate.set(clientId, count);
    return count;
  }

  /** @returns how many messages of a device were beyond the rate since the cloud was started */
  overRate({ productId, deviceName }: DeviceName): number {
    return this.#overRate.get(productId + deviceName) ?? 0;
  }

  #answer(work: Work, device: NamedDevice, report: Report): void {
    if (report.kind === "progress") return;
    const isVersion = report.kind === "version";
    const message = {
      result_code: isVersion ? 0 : 1,
      result_msg: isVersion ? "success" : "invalid version",
      type: "report_version_rsp",
      version: report.text,
    };
    work.after(() => this.#options.publish(updateTopic(device), JSON.stringify(message)));
  }

  /**
   * Once a device has connected, it cannot register itself any more. If the state cannot be stored, the device may
   * connect all the same.
   */
  async #connected(device: NamedDevice): Promise<void> {
    const { transactions, rollout } = this.#options;
    const open = await transactions.tables.tasks.openOfDevice(device.id);
    const mayRestart = open.some(({ state }) => state === "burning" || state === "trial");
    if (device.row.activated === 1 && !mayRestart) return;
    transactions
      .join(async (work) => {
        if (device.row.activated === 0) await work.tables.devices.update(device.id, { activated: 1 });
        await rollout.reports.onConnected(work, device);
      })
      .catch(() => {
        // The health of the store shows it.
      });
  }
}

/** @returns the device that a client id names */
export function nameOf(clientId: string): DeviceName {
  return { productId: clientId.slice(0, PRODUCT_ID_LENGTH), deviceName: clientId.slice(PRODUCT_ID_LENGTH) };
}
