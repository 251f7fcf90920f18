import { createHmac } from "node:crypto";
import type { Desk } from "../../cloud/operator/desk.js";
import { PlatformTestBed, PRODUCT, SECRET } from "./platform-test-bed.js";

export const GATEWAY = { productId: "GATEWAY001", deviceName: "gw1" };
export const LIGHT = { productId: PRODUCT, deviceName: "light_01" };

export interface Answered {
  readonly type: string;
  readonly payload: {
    readonly devices: readonly { product_id: string; device_name: string; result?: number }[];
    readonly status?: number;
  };
}

export function deviceEntry({ productId, deviceName }: { productId: string; deviceName: string }) {
  return { product_id: productId, device_name: deviceName };
}

/** A device of a bind request, signed as the platform's document demands. */
export function bindEntry(
  device: { productId: string; deviceName: string },
  { secret = SECRET, method = "sha1", timestamp = Math.floor(Date.now() / 1000), random = 987654321 } = {},
) {
  const text = `${device.productId}${device.deviceName};${random};${timestamp}`;
  const signature = createHmac(method, secret).update(text).digest("base64");
  return { ...deviceEntry(device), signature, random, timestamp, signmethod: `hmac${method}`, authtype: "psk" };
}

/** A platform with a gateway and a light, whose broker the test is. */
export class GatewayTestBed {
  readonly bed: PlatformTestBed;

  private constructor(bed: PlatformTestBed) {
    this.bed = bed;
  }

  static run(body: (bed: GatewayTestBed) => void | Promise<void>): Promise<void> {
    return PlatformTestBed.run(async (bed) => {
      await bed.desk.addDevice({ ...GATEWAY, deviceSecret: SECRET });
      await body(new GatewayTestBed(bed));
    });
  }

  get desk(): Desk {
    return this.bed.desk;
  }

  /** @returns what was published meanwhile on the gateway's result topic */
  ask(type: string, devices: unknown, gateway = GATEWAY): Promise<Answered[]> {
    return this.send({ type, payload: { devices } }, gateway);
  }

  async send(message: unknown, gateway = GATEWAY): Promise<Answered[]> {
    const from = this.bed.published.length;
    const payload = typeof message === "string" ? message : JSON.stringify(message);
    await this.bed.core.platform.onOperation(gateway, payload);
    return this.answers(from, gateway);
  }

  answers(from = 0, gateway = GATEWAY): Answered[] {
    const topic = `$gateway/operation/result/${gateway.productId}/${gateway.deviceName}`;
    return this.bed.published
      .slice(from)
      .filter(([to]) => to === topic)
      .map(([, payload]) => JSON.parse(payload) as Answered);
  }

  /** @returns the code for the one device that was asked for */
  async result(type: string, entry: unknown, gateway = GATEWAY): Promise<number | undefined> {
    const [answer, ...more] = await this.ask(type, [entry], gateway);
    return more.length === 0 && answer?.type === type ? answer.payload.devices[0]?.result : undefined;
  }

  isOnline(device: { productId: string; deviceName: string }): boolean {
    return this.bed.core.sessions.isSubDeviceOnline(device);
  }
}
