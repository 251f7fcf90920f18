import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { SubDeviceBus } from "../sub-device-link.js";
import { StateError } from "./state-dir.js";

/** How an installation on a simulated sub-device ends. */
export const INSTALLATIONS = ["ok", "fail", "hang", "offline"] as const;
export type Installation = (typeof INSTALLATIONS)[number];

export interface SimulatedSubDeviceOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** Version that it leaves the factory with. */
  readonly version: string;
  readonly install: Installation;
  /** What its messages call it. Default `sub-device`. */
  readonly called?: string;
}

/** What runs on a sub-device. Size and MD5 are null if it was never updated. */
export interface Installed {
  readonly version: string;
  readonly size: number | null;
  readonly md5: string | null;
}

const FOLDER = "subdevices";
const RECORD_FILE = "installed.json";

/**
 * @param state folder of the board
 * @returns the sub-devices that the folder of a gateway holds, with product and name
 * @throws StateError
 */
export function installedSubDevices(
  state: string,
): (Installed & { readonly productId: string; readonly deviceName: string })[] {
  const folder = join(state, FOLDER);
  return (existsSync(folder) ? readdirSync(folder).sort() : []).flatMap((name) => {
    const [, productId, deviceName] = /^([A-Z0-9]{10}|component)_(.+)$/.exec(name) ?? [];
    const path = join(folder, name, RECORD_FILE);
    if (productId === undefined || deviceName === undefined || !existsSync(path)) return [];
    return [{ productId, deviceName, ...readInstalled(path) }];
  });
}

/** @throws StateError that names the file */
function readInstalled(path: string): Installed {
  try {
    const { version, size, md5 } = JSON.parse(readFileSync(path, "utf8")) as {
      readonly [key in keyof Installed]?: unknown;
    };
    const updated = typeof size === "number" && typeof md5 === "string" && /^[0-9a-f]{32}$/.test(md5);
    if (typeof version === "string" && version !== "" && updated) return { version, size, md5 };
    if (typeof version === "string" && version !== "" && size === null && md5 === null) return { version, size, md5 };
  } catch {
    // A file that is no JSON is damaged as well.
  }
  throw new StateError(`${path} is damaged: delete it to start again with the factory version`);
}

/**
 * A sub-device whose image lies in a folder of the gateway's state. A file with an image is named after its MD5; a
 * record names the image that runs. Both are put in place by a rename, the record last.
 */
export class SimulatedSubDevice implements SubDeviceBus {
  readonly productId: string;
  readonly deviceName: string;
  readonly #options: SimulatedSubDeviceOptions;
  readonly #folder: string;
  readonly #called: string;
  #offline = false;

  /** @param options.state folder of the board @throws StateError if what is installed cannot be read */
  constructor(options: SimulatedSubDeviceOptions & { readonly state: string }) {
    this.productId = options.productId;
    this.deviceName = options.deviceName;
    this.#options = options;
    this.#called = options.called ?? "sub-device";
    this.#folder = join(options.state, FOLDER, `${options.productId}_${options.deviceName}`);
    mkdirSync(this.#folder, { recursive: true });
    if (!existsSync(join(this.#folder, RECORD_FILE))) this.#record({ version: options.version, size: null, md5: null });
    this.installed();
  }

  version(): string | undefined {
    return this.#offline ? undefined : this.installed().version;
  }

  write(md5: string, byteOffset: number, bytes: Uint8Array): boolean {
    const { install } = this.#options;
    if (install === "offline") this.#offline = true;
    if (this.#offline) throw new Error(`${this.#called} does not answer`);
    if (install === "hang" && byteOffset > 0) return false;
    const path = this.#received(md5);
    const file = openSync(path, existsSync(path) ? "r+" : "w");
    writeSync(file, bytes, 0, bytes.byteLength, byteOffset);
    closeSync(file);
    return true;
  }

  finish({
    version,
    md5,
    size,
  }: {
    readonly version: string;
    readonly md5: string;
    readonly size: number;
  }): string | undefined {
    if (this.#options.install === "fail") return `${this.#called} refuses the image`;
    const path = this.#received(md5);
    const bytes = existsSync(path) ? readFileSync(path) : new Uint8Array();
    if (bytes.byteLength !== size || createHash("md5").update(bytes).digest("hex") !== md5) {
      rmSync(path, { force: true });
      return `${this.#called} received other bytes`;
    }
    renameSync(path, this.#whole(md5));
    this.#record({ version, size, md5 });
    return undefined;
  }

  installed(): Installed {
    return readInstalled(join(this.#folder, RECORD_FILE));
  }

  /** The image that runs, or `undefined` if it was never updated. */
  image(): Uint8Array | undefined {
    const { md5 } = this.installed();
    return md5 === null ? undefined : new Uint8Array(readFileSync(this.#whole(md5)));
  }

  #record(installed: Installed): void {
    const path = join(this.#folder, RECORD_FILE);
    writeFileSync(`${path}.new`, JSON.stringify(installed));
    const file = openSync(`${path}.new`, "r+");
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.new`, path);
  }

  /**
   * @returns the path of the part of an image that was received so far. If a power cut came before the record was
   * written, the image is whole and already has its final name; then it is copied back.
   */
  #received(md5: string): string {
    const path = join(this.#folder, `${md5}.part`);
    if (!existsSync(path) && existsSync(this.#whole(md5))) copyFileSync(this.#whole(md5), path);
    return path;
  }

  #whole(md5: string): string {
    return join(this.#folder, `${md5}.bin`);
  }
}
