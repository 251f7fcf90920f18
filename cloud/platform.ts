import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { FaultRecord } from "./faults/fault.js";
import type { FaultList } from "./faults/fault-list.js";
import { parseFault } from "./faults/parse.js";
import { asFields, parseFields } from "./fields.js";
import { GatewayOperations } from "./gateway.js";
import type { GatewayFaults } from "./gateway-faults.js";
import { checkManifest } from "./manifest.js";
import { holdersOfSecrets } from "./secrets.js";
import type { CloudStore } from "./store.js";
import { SubDevices } from "./sub-devices.js";
import {
  CloudError,
  type CloudService,
  type CloudStatus,
  type DeviceName,
  type DeviceRecord,
  type DeviceStatus,
  type FirmwareManifest,
  type FirmwareRecord,
  type ProductRecord,
  REGISTRATION_MODES,
  type Selection,
} from "./types.js";
import { Upgrades, type UpgradesOptions } from "./upgrades.js";

export interface PlatformOptions extends UpgradesOptions {
  /** Faults to inject into the answers to gateways. */
  readonly gatewayFaults?: GatewayFaults | undefined;
}

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const PRODUCT = /^[A-Z0-9]{10}$/;
const DEVICE = /^[A-Za-z0-9:_-]{1,48}$/;

/** The platform's side of the protocol: it decides which devices may connect, answers them, and serves the operator. */
export class Platform implements CloudService {
  readonly #options: PlatformOptions;
  readonly #store: CloudStore;
  readonly #upgrades: Upgrades;
  readonly #gateways: GatewayOperations;
  readonly subDevices: SubDevices;
  /** Count of messages beyond the rate, by client id. */
  readonly #overRate = new Map<string, number>();

  constructor(options: PlatformOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#upgrades = new Upgrades(options);
    this.subDevices = new SubDevices(options.store);
    this.#gateways = new GatewayOperations({
      subDevices: this.subDevices,
      faults: options.gatewayFaults,
      publish: (topic, payload) => options.publish(topic, payload),
    });
  }

  /**
   * @param username `clientId;appId;connectionId;expiry`
   * @param password HMAC of the user name; `undefined` if a certificate has proven the client id
   * @returns the device, or `undefined` if the credentials do not prove that it is this device
   */
  authenticate(clientId: string, username: string, password: string | undefined): DeviceRecord | undefined {
    const device = this.#store.state.devices.find((known) => known.productId + known.deviceName === clientId);
    const [name, , , expiry] = username.split(";");
    if (device === undefined || name !== clientId || !(Number(expiry) > Date.now() / 1000)) return undefined;
    if (password === undefined) return this.#activated(device);
    const [digest = "", method = ""] = password.split(";");
    const hash = method === "hmacsha256" ? "sha256" : method === "hmacsha1" ? "sha1" : undefined;
    if (hash === undefined || device.deviceSecret === undefined) return undefined;
    const expected = createHmac(hash, Buffer.from(device.deviceSecret, "base64")).update(username).digest();
    const given = Buffer.from(digest, "hex");
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
      ? this.#activated(device)
      : undefined;
  }

  /** Once a device has connected, it cannot register itself any more. @returns the device */
  #activated(device: DeviceRecord): DeviceRecord {
    const { products = [] } = this.#store.state;
    if (device.activated !== true && products.some(({ productId }) => productId === device.productId)) {
      device.activated = true;
      this.#store.save();
    }
    return device;
  }

  /** Handles a message on `$ota/report/…` of this device. What is not understood is dropped, as on the platform. */
  onReport(productId: string, deviceName: string, payload: string): void {
    const message = parseFields(payload);
    const device = this.subDevices.device({ productId, deviceName });
    const report = asFields(message?.["report"]);
    if (device === undefined || message === undefined || report === undefined) return;
    if (message["type"] === "report_version") this.#upgrades.onVersion(device, report["version"]);
    if (message["type"] === "report_progress") this.#upgrades.onProgress(device, report);
  }

  /** Handles a message on `$gateway/operation/…` of this device. */
  onOperation(productId: string, deviceName: string, payload: string): void {
    const gateway = this.subDevices.device({ productId, deviceName });
    if (gateway === undefined) return;
    // With another broker, this message is the first sign that the gateway is connected.
    if (!this.subDevices.isConnected(gateway)) this.subDevices.begin(gateway);
    this.#gateways.onOperation(gateway, payload);
  }

  /** Counts a message beyond the platform's rate. @returns how many there were since the cloud was started */
  countOverRate(clientId: string): number {
    const count = (this.#overRate.get(clientId) ?? 0) + 1;
    this.#overRate.set(clientId, count);
    return count;
  }

  async addDevice(device: DeviceRecord): Promise<void> {
    const { productId, deviceName, deviceSecret } = device;
    if (!PRODUCT.test(productId)) throw new CloudError("a product id is 10 capital letters or digits");
    if (!DEVICE.test(deviceName)) throw new CloudError("a device name is 1 to 48 letters, digits, :, _ or -");
    const known = this.subDevices.device(device);
    if (known !== undefined && known.deviceSecret !== deviceSecret) {
      throw new CloudError(`device ${deviceName} exists with another secret`);
    }
    if (known === undefined) this.#store.state.devices.push(device);
    this.#store.save();
  }

  async setProduct({
    productId,
    registration,
    deviceLimit,
  }: Omit<ProductRecord, "productSecret">): Promise<ProductRecord> {
    if (!PRODUCT.test(productId)) throw new CloudError("a product id is 10 capital letters or digits");
    if (!REGISTRATION_MODES.includes(registration)) {
      throw new CloudError(`a registration is ${REGISTRATION_MODES.join(", ")}`);
    }
    const { state } = this.#store;
    const known = state.products?.find((product) => product.productId === productId);
    const product: ProductRecord = {
      productId,
      // 24 letters and digits, as the console's.
      productSecret: known?.productSecret ?? randomBytes(12).toString("hex"),
      registration,
      ...(deviceLimit === undefined ? {} : { deviceLimit }),
    };
    state.products = [...(state.products ?? []).filter((other) => other !== known), product];
    this.#store.save();
    return product;
  }

  async bindSubDevice({ gateway: gatewayName, ...name }: DeviceName & { gateway: DeviceName }): Promise<void> {
    const [subDevice, gateway] = [this.#known(name), this.#known(gatewayName)];
    const obstacle = this.subDevices.obstacle(subDevice, gateway);
    if (obstacle === "bound-already") return;
    const why = {
      "is-gateway": `${spell(subDevice)} is a gateway itself`,
      "bound-elsewhere": `${spell(subDevice)} is bound to ${spell(subDevice.gateway ?? gateway)}: unbind it first`,
      "not-allowed": `${spell(gateway)} is a sub-device itself, or has as many sub-devices as a gateway may have`,
    };
    if (obstacle !== undefined) throw new CloudError(why[obstacle]);
    this.subDevices.bind(subDevice, gateway);
    this.#gateways.change(gateway, subDevice, true);
  }

  async unbindSubDevice(name: DeviceName): Promise<DeviceName> {
    const subDevice = this.#known(name);
    if (subDevice.gateway === undefined) throw new CloudError(`${spell(subDevice)} is bound to no gateway`);
    const gateway = this.#known(subDevice.gateway);
    this.subDevices.unbind(subDevice);
    this.#gateways.change(gateway, subDevice, false);
    return { productId: gateway.productId, deviceName: gateway.deviceName };
  }

  async addFirmware(request: {
    productId: string;
    version: string;
    path: string;
    manifest?: FirmwareManifest;
  }): Promise<FirmwareRecord> {
    const { productId, version, path } = request;
    if (!PRODUCT.test(productId)) throw new CloudError("a product id is 10 capital letters or digits");
    if (!VERSION.test(version)) throw new CloudError("a version is 1 to 32 of [A-Za-z0-9._-]");
    const manifest = checkManifest(request.manifest);
    const { md5, size } = this.#store.addFile(path);
    const firmware: FirmwareRecord = { productId, version, size, md5, ...(manifest === undefined ? {} : { manifest }) };
    const { state } = this.#store;
    state.firmwares = state.firmwares.filter((known) => known.productId !== productId || known.version !== version);
    state.firmwares.push(firmware);
    this.#store.save();
    return firmware;
  }

  async secretsIn({ md5 }: { md5: string }): Promise<DeviceName[]> {
    const { devices, products = [] } = this.#store.state;
    return holdersOfSecrets(await this.#store.readFile(md5), devices, products);
  }

  async upgrade(request: { productId: string; version: string; selection: Selection }): Promise<{ devices: number }> {
    return { devices: this.#upgrades.begin(request) };
  }

  async status(): Promise<CloudStatus> {
    const { devices, firmwares } = this.#store.state;
    return { firmwares, devices: devices.map((device) => this.#statusOf(device)) };
  }

  async signedUrl(request: Parameters<CloudService["signedUrl"]>[0]): Promise<string> {
    return this.#upgrades.signedUrl(request);
  }

  async addFault(fault: unknown): Promise<FaultRecord> {
    return this.#faults().add(parseFault(fault));
  }

  async faults(): Promise<FaultRecord[]> {
    return this.#faults().list();
  }

  async clearFaults({ id }: { id?: number }): Promise<number> {
    return this.#faults().clear(id);
  }

  #faults(): FaultList {
    const { faults } = this.#options;
    if (faults === undefined) {
      throw new CloudError("no cloud runs on this folder, so there are no faults: start it, or give serve --faults");
    }
    return faults;
  }

  #statusOf(device: DeviceRecord): DeviceStatus {
    const { productId, deviceName, version, gateway } = device;
    const task = this.#upgrades.task(device);
    const overRate = this.#overRate.get(productId + deviceName);
    const unansweredChanges = this.#gateways.unansweredChanges(device);
    const isGateway = this.subDevices.of(device).length > 0;
    return {
      productId,
      deviceName,
      ...(version === undefined ? {} : { version }),
      online: this.#options.isOnline(productId, deviceName) || (isGateway && this.subDevices.isConnected(device)),
      ...(gateway === undefined ? {} : { gateway }),
      ...(task === undefined ? {} : { task }),
      ...(overRate === undefined ? {} : { overRate }),
      ...(unansweredChanges === 0 ? {} : { unansweredChanges }),
    };
  }

  #known(name: DeviceName): DeviceRecord {
    const device = this.subDevices.device(name);
    if (device === undefined) throw new CloudError(`there is no device ${spell(name)}: add it first`);
    return device;
  }
}

function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}
