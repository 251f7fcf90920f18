import { type BindProof, checkBindProof } from "./bind-signature.js";
import { asFields, type Fields, parseFields } from "./fields.js";
import { FaultyAnswers, type GatewayFaults } from "./gateway-faults.js";
import type { BindObstacle, SubDevices } from "./sub-devices.js";
import type { DeviceName, DeviceRecord } from "./types.js";

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
  readonly subDevices: SubDevices;
  readonly faults?: GatewayFaults | undefined;
  /** Publishes with QoS 0. */
  publish(topic: string, payload: string): void;
}

/** Carries out what gateways request on `$gateway/operation/…`, and answers on `$gateway/operation/result/…`. */
export class GatewayOperations {
  readonly #options: GatewayOperationsOptions;
  readonly #subDevices: SubDevices;
  readonly #answers: FaultyAnswers;
  /** How many changes were sent to each gateway and not acknowledged yet. */
  readonly #unanswered = new Map<DeviceRecord, number>();

  constructor(options: GatewayOperationsOptions) {
    this.#options = options;
    this.#subDevices = options.subDevices;
    this.#answers = new FaultyAnswers({
      faults: options.faults ?? {},
      send: (topic, payload) => options.publish(topic, payload),
    });
  }

  /**
   * A message that is not understood is dropped. A known operation is always answered, even if its fields are wrong.
   */
  onOperation(gateway: DeviceRecord, payload: string): void {
    const message = parseFields(payload);
    const type = message?.["type"];
    if (message === undefined || typeof type !== "string") return;
    if (type === "change") {
      if (message["result"] === RESULT.ok) this.#acknowledged(gateway);
      return;
    }
    if (type === "describe_sub_devices") {
      const devices = this.#subDevices.of(gateway).map(nameOf);
      this.#answers.send(resultTopic(gateway), { type, payload: { devices } });
      return;
    }
    const operation = OPERATIONS.find((known) => known === type);
    if (operation === undefined) return;
    const devices = asFields(message["payload"])?.["devices"];
    // The vendor's clients read the first device of an answer. Without one they would wait for ever.
    const entries: readonly unknown[] = Array.isArray(devices) && devices.length > 0 ? devices : [{}];
    const results = entries.map((entry) => this.#answer(operation, gateway, asFields(entry) ?? {}));
    this.#answers.send(resultTopic(gateway), { type, payload: { devices: results } });
  }

  /** Reports to a connected gateway what the operator has changed, as the platform's Explorer does. */
  change(gateway: DeviceRecord, subDevice: DeviceRecord, bound: boolean): void {
    if (!this.#subDevices.isConnected(gateway)) return;
    this.#unanswered.set(gateway, this.unansweredChanges(gateway) + 1);
    const payload = { status: bound ? 1 : 0, devices: [nameOf(subDevice)] };
    this.#options.publish(resultTopic(gateway), JSON.stringify({ type: "change", payload }));
  }

  unansweredChanges(gateway: DeviceRecord): number {
    return this.#unanswered.get(gateway) ?? 0;
  }

  /** An acknowledgement does not name its change, so it counts for any one of those that are open. */
  #acknowledged(gateway: DeviceRecord): void {
    const count = this.unansweredChanges(gateway);
    if (count > 0) this.#unanswered.set(gateway, count - 1);
  }

  #answer(operation: Operation, gateway: DeviceRecord, entry: Fields): object {
    const { product_id: productId, device_name: deviceName } = entry;
    const forced = this.#answers.forcedResult(operation, String(deviceName));
    const result = forced ?? this.#carryOut(operation, gateway, entry);
    return { product_id: echo(productId), device_name: echo(deviceName), result };
  }

  #carryOut(operation: Operation, gateway: DeviceRecord, entry: Fields): number {
    const { product_id: productId, device_name: deviceName } = entry;
    if (typeof productId !== "string" || typeof deviceName !== "string") return RESULT.badParameters;
    const subDevice = this.#subDevices.device({ productId, deviceName });
    if (subDevice === undefined) return RESULT.badDeviceName;
    try {
      if (operation === "bind") return this.#bind(gateway, subDevice, entry);
      if (!this.#subDevices.isBound(subDevice, gateway)) return RESULT.notBound;
      if (operation === "unbind") this.#subDevices.unbind(subDevice);
      else this.#subDevices.setOnline(subDevice, gateway, operation === "online");
      return RESULT.ok;
    } catch {
      return RESULT.systemError;
    }
  }

  #bind(gateway: DeviceRecord, subDevice: DeviceRecord, entry: Fields): number {
    const { authtype } = entry;
    const proof = readProof(entry);
    if (proof === undefined || (authtype !== "psk" && authtype !== "certificate")) return RESULT.badParameters;
    const { deviceSecret } = subDevice;
    if (deviceSecret === undefined || authtype === "certificate") return RESULT.unsupported;
    switch (checkBindProof({ ...subDevice, deviceSecret }, proof, Date.now() / 1000)) {
      case "unknown-method":
        return RESULT.unknownSignMethod;
      case "expired":
        return RESULT.signatureExpired;
      case "wrong":
        return RESULT.wrongSignature;
      case "valid": {
        const obstacle = this.#subDevices.obstacle(subDevice, gateway);
        if (obstacle !== undefined) return OBSTACLE_RESULTS[obstacle];
        this.#subDevices.bind(subDevice, gateway);
        return RESULT.ok;
      }
    }
  }
}

export function operationTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/${productId}/${deviceName}`;
}

export function resultTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/result/${productId}/${deviceName}`;
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

function nameOf({ productId, deviceName }: DeviceName): object {
  return { product_id: productId, device_name: deviceName };
}

function echo(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 64) : "";
}
