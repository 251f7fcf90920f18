import { type BindProof, checkBindProof } from "./bind-signature.js";
import { asFields, type Fields, parseFields } from "./fields.js";
import { FaultyAnswers, type GatewayFaults } from "./gateway-faults.js";
import { namedDevice } from "../rollout/named-device.js";
import type { NamedDevice } from "../rollout/task-dispatch.js";
import type { Transactions, Work } from "../rollout/work.js";
import type { DeviceName } from "../types.js";
import type { BindObstacle, Bindings } from "./bindings.js";
import { keyOf, type Sessions } from "./sessions.js";
import { resultTopic } from "./topics.js";

/** The values of `result` of an operation, with the numbers of the platform's document. */
export const RESULT = {
  ok: 0,
  notBound: -1,
  /** In this cloud: the state cannot be stored. */
  systemError: -2,
  badParameters: 801,
  /** The name is illegal, or no device of that name is registered. */
  badDeviceName: 802,
  wrongSignature: 803,
  unknownSignMethod: 804,
  signatureExpired: 805,
  boundElsewhere: 806,
  /** The device is a gateway. */
  notOrdinary: 807,
  /** In this cloud: the gateway is itself a sub-device, or has as many sub-devices as it may have. */
  notAllowed: 808,
  boundAlready: 809,
  /** In this cloud: the sub-device has no secret, so its signature cannot be checked. */
  unsupported: 810,
} as const;

const OBSTACLE_RESULTS: { readonly [obstacle in BindObstacle]: number } = {
  "bound-elsewhere": RESULT.boundElsewhere,
  "is-gateway": RESULT.notOrdinary,
  "not-allowed": RESULT.notAllowed,
  "bound-already": RESULT.boundAlready,
};

const OPERATIONS = ["online", "offline", "bind", "unbind"] as const;
type Operation = (typeof OPERATIONS)[number];

export interface GatewayOperationsOptions {
  readonly transactions: Transactions;
  readonly sessions: Sessions;
  readonly bindings: Bindings;
  readonly faults?: GatewayFaults | undefined;
  /** Publishes with QoS 0. */
  publish(topic: string, payload: string): void;
}

/** Carries out what gateways request on `$gateway/operation/…`, and answers on `$gateway/operation/result/…`. */
export class GatewayOperations {
  readonly #options: GatewayOperationsOptions;
  readonly #answers: FaultyAnswers;
  /** How many changes were sent to each gateway and not acknowledged yet, by its key. */
  readonly #unanswered = new Map<string, number>();

  constructor(options: GatewayOperationsOptions) {
    this.#options = options;
    this.#answers = new FaultyAnswers({
      faults: options.faults ?? {},
      send: (topic, payload) => options.publish(topic, payload),
    });
  }

  /**
   * A message that is not understood is dropped. A known operation is always answered, even if its fields are wrong.
   */
  async onOperation(name: DeviceName, payload: string): Promise<void> {
    const message = parseFields(payload);
    const type = message?.["type"];
    if (message === undefined || typeof type !== "string") return;
    if (type === "change") {
      if (message["result"] === RESULT.ok) this.#acknowledged(name);
      return;
    }
    const { transactions } = this.#options;
    if (type === "describe_sub_devices") {
      const gateway = await namedDevice(transactions.tables, name);
      if (gateway !== undefined) await this.#describe(gateway);
      return;
    }
    const operation = OPERATIONS.find((known) => known === type);
    if (operation === undefined) return;
    const devices = asFields(message["payload"])?.["devices"];
    // The vendor's clients read the first device of an answer. Without one they would wait for ever.
    const entries: readonly unknown[] = Array.isArray(devices) && devices.length > 0 ? devices : [{}];
    const results = await this.#carryOutAll(
      operation,
      name,
      entries.map((entry) => asFields(entry) ?? {}),
    );
    if (results !== undefined) this.#answers.send(resultTopic(name), { type, payload: { devices: results } });
  }

  /** Reports to a connected gateway what the operator has changed, as the platform's Explorer does. */
  change(gateway: DeviceName, subDevice: DeviceName, bound: boolean): void {
    if (this.#options.sessions.get(gateway) === undefined) return;
    this.#unanswered.set(keyOf(gateway), this.unansweredChanges(gateway) + 1);
    const payload = { status: bound ? 1 : 0, devices: [wireName(subDevice)] };
    this.#options.publish(resultTopic(gateway), JSON.stringify({ type: "change", payload }));
  }

  unansweredChanges(gateway: DeviceName): number {
    return this.#unanswered.get(keyOf(gateway)) ?? 0;
  }

  /** An acknowledgement does not name its change, so it counts for any one of those that are open. */
  #acknowledged(gateway: DeviceName): void {
    const count = this.unansweredChanges(gateway);
    if (count > 0) this.#unanswered.set(keyOf(gateway), count - 1);
  }

  async #describe(gateway: NamedDevice): Promise<void> {
    const { tables } = this.#options.transactions;
    const products = new Map((await tables.products.list()).map(({ id, productId }) => [id, productId]));
    const devices = (await tables.devices.subDevicesOf(gateway.id)).map(({ productId, deviceName }) =>
      wireName({ productId: products.get(productId) ?? "", deviceName }),
    );
    this.#answers.send(resultTopic(gateway), { type: "describe_sub_devices", payload: { devices } });
  }

  /** @returns `undefined` if there is no such gateway */
  async #carryOutAll(
    operation: Operation,
    name: DeviceName,
    entries: readonly Fields[],
  ): Promise<object[] | undefined> {
    try {
      return await this.#options.transactions.join(async (work) => {
        const gateway = await namedDevice(work.tables, name);
        if (gateway === undefined) return undefined;
        const results: object[] = [];
        for (const entry of entries) results.push(await this.#answer(work, operation, gateway, entry));
        return results;
      });
    } catch {
      return entries.map((entry) => resultOf(entry, RESULT.systemError));
    }
  }

  async #answer(work: Work, operation: Operation, gateway: NamedDevice, entry: Fields): Promise<object> {
    const forced = this.#answers.forcedResult(operation, String(entry["device_name"]));
    return resultOf(entry, forced ?? (await this.#carryOut(work, operation, gateway, entry)));
  }

  async #carryOut(work: Work, operation: Operation, gateway: NamedDevice, entry: Fields): Promise<number> {
    const { product_id: productId, device_name: deviceName } = entry;
    if (typeof productId !== "string" || typeof deviceName !== "string") return RESULT.badParameters;
    const subDevice = await namedDevice(work.tables, { productId, deviceName });
    if (subDevice === undefined) return RESULT.badDeviceName;
    if (operation === "bind") return this.#bind(work, gateway, subDevice, entry);
    if (subDevice.row.gatewayId !== gateway.id) return RESULT.notBound;
    const { bindings, sessions } = this.#options;
    if (operation === "unbind") await bindings.unbind(work, subDevice, gateway);
    else work.after(() => sessions.setOnline(subDevice, gateway, operation === "online"));
    return RESULT.ok;
  }

  async #bind(work: Work, gateway: NamedDevice, subDevice: NamedDevice, entry: Fields): Promise<number> {
    const { authtype } = entry;
    const proof = readProof(entry);
    if (proof === undefined || (authtype !== "psk" && authtype !== "certificate")) return RESULT.badParameters;
    const { productId, deviceName } = subDevice;
    const { secret: deviceSecret } = subDevice.row;
    if (deviceSecret === null || authtype === "certificate") return RESULT.unsupported;
    switch (checkBindProof({ productId, deviceName, deviceSecret }, proof, work.nowMs / 1000)) {
      case "unknown-method":
        return RESULT.unknownSignMethod;
      case "expired":
        return RESULT.signatureExpired;
      case "wrong":
        return RESULT.wrongSignature;
      case "valid": {
        const { bindings } = this.#options;
        const obstacle = await bindings.obstacle(work, subDevice.row, gateway.row);
        if (obstacle !== undefined) return OBSTACLE_RESULTS[obstacle];
        await bindings.bind(work, subDevice, gateway);
        return RESULT.ok;
      }
    }
  }
}

function readProof(entry: Fields): BindProof | undefined {
  const { signature, random, timestamp, signmethod } = entry;
  if (typeof signature !== "string" || typeof signmethod !== "string") return undefined;
  if (!isInteger(random) || !isInteger(timestamp)) return undefined;
  return { signature, random, timestamp, signmethod };
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function wireName({ productId, deviceName }: DeviceName): object {
  return { product_id: productId, device_name: deviceName };
}

function echo(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 64) : "";
}

function resultOf({ product_id: productId, device_name: deviceName }: Fields, result: number): object {
  return { product_id: echo(productId), device_name: echo(deviceName), result };
}
