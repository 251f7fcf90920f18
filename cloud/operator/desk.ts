import { basename } from "node:path";
import { wireVersion } from "../rollout/wire-version.js";
import { openRegularFile } from "../store/regular-file.js";
import {
  CloudError,
  type CloudService,
  type CloudStatus,
  type DeviceName,
  type DeviceRecord,
  type FirmwareManifest,
  type FirmwareRecord,
  type ProductRecord,
  REGISTRATION_MODES,
} from "../types.js";
import { type Actor, type NewPackage, type Operator, type PackageView, Refusal } from "./types.js";

/** The requests of the commands that are older than plans, in terms of an operator's. */
export class Desk implements CloudService {
  readonly #operator: Operator;
  readonly #actor: Actor;

  constructor(operator: Operator, actor: Actor) {
    this.#operator = operator;
    this.#actor = actor;
  }

  async addDevice({ productId, deviceName, deviceSecret }: DeviceRecord): Promise<void> {
    const device =
      deviceSecret === undefined
        ? { productId, deviceName, certificate: true }
        : { productId, deviceName, deviceSecret };
    await this.#carryOut(() => this.#operator.addDevices([device], this.#actor));
  }

  async setProduct(request: Omit<ProductRecord, "productSecret">): Promise<ProductRecord> {
    if (!REGISTRATION_MODES.includes(request.registration)) {
      throw new CloudError(`a registration is ${REGISTRATION_MODES.join(", ")}`);
    }
    const set = await this.#carryOut(() => this.#operator.setProduct(request, this.#actor));
    const { productId, registration, deviceLimit, productSecret } = set;
    return { productId, productSecret, registration, ...(deviceLimit === undefined ? {} : { deviceLimit }) };
  }

  async bindSubDevice({ gateway, ...name }: DeviceName & { gateway: DeviceName }): Promise<void> {
    await this.#carryOut(() => this.#operator.bind(name, gateway, this.#actor));
  }

  async unbindSubDevice(name: DeviceName): Promise<DeviceName> {
    return this.#carryOut(() => this.#operator.unbind(name, this.#actor));
  }

  async addFirmware(request: {
    productId: string;
    version: string;
    path: string;
    manifest?: FirmwareManifest;
    replace?: boolean;
  }): Promise<FirmwareRecord> {
    const { productId, version, path, manifest, replace = false } = request;
    const file = await openRegularFile(path);
    const { size } = await file.stat();
    const content = file.createReadStream();
    const demands = manifest === undefined ? {} : { requirements: manifest };
    const wanted: NewPackage = { productId, version, fileName: basename(path), size, replace, ...demands };
    let added: PackageView;
    try {
      added = await this.#carryOut(() => this.#operator.addPackage(wanted, content, this.#actor));
    } finally {
      // A request that is refused leaves it open.
      content.destroy();
    }
    const [stored] = added.files;
    return {
      id: added.id,
      productId,
      version: wireVersion(added.component, added.version),
      size: stored?.size ?? 0,
      md5: stored?.md5 ?? "",
      ...(added.requirements === undefined ? {} : { manifest: added.requirements }),
    };
  }

  async secretsIn({ id }: { id: number }): Promise<DeviceName[]> {
    return [...(await this.#carryOut(() => this.#operator.secretsIn(id)))];
  }

  async upgrade(request: Parameters<CloudService["upgrade"]>[0]): ReturnType<CloudService["upgrade"]> {
    return this.#carryOut(() => this.#operator.upgrade(request, this.#actor));
  }

  async signedUrl(request: Parameters<CloudService["signedUrl"]>[0]): Promise<string> {
    return this.#carryOut(() => this.#operator.signedUrl(request));
  }

  async addFault(fault: unknown) {
    return this.#carryOut(() => this.#operator.addFault(fault, this.#actor));
  }

  async faults() {
    return this.#carryOut(() => this.#operator.faults());
  }

  async clearFaults({ id }: { id?: number }): Promise<number> {
    return this.#carryOut(() => this.#operator.clearFaults(id, this.#actor));
  }

  status(): Promise<CloudStatus> {
    return this.#carryOut(() => this.#operator.status());
  }

  /** The commands know one kind of refusal. */
  async #carryOut<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof Refusal) throw new CloudError(error.message);
      throw error;
    }
  }
}
