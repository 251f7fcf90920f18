import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { CloudError } from "../types.js";
import { type JsonFirmware, type JsonState, parseJsonState } from "./json-state.js";
import { StorageError } from "./storage-error.js";
import type { Tables } from "./tables/tables.js";

const STATE_FILE = "cloud.json";
/** Setting with the SHA-256 of the file that was taken over. */
const IMPORTED = "imported-json";
export const SIGNING_KEY = "signing-key";
/** Setting with the tasks and rules of the earlier version, until they have become plans. */
export const IMPORTED_UPGRADES = "imported-upgrades";
/** Component of a device's own firmware: the platform names none for it. */
export const OWN_FIRMWARE = "firmware";

export interface JsonImport {
  readonly folder: string;
  readonly tables: Tables;
  readonly write: (work: (tables: Tables) => Promise<void>) => Promise<void>;
  readonly now: number;
}

/**
 * Takes over the state that an earlier version has kept as `cloud.json`, in one transaction, and keeps the file as
 * `cloud.json.imported`. A power cut between the two is found at the next start.
 *
 * @returns whether there was such a file
 * @throws CloudError if it is damaged, or was written after it was taken over
 */
export async function importJsonState({ folder, tables, write, now }: JsonImport): Promise<boolean> {
  const path = join(folder, STATE_FILE);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  const sha256 = createHash("sha256").update(text).digest("hex");
  const before = await tables.settings.get(IMPORTED);
  if (before === undefined) {
    const state = parseJsonState(text);
    if (state === undefined) throw new CloudError(`${path} is damaged: move it away to start anew`);
    try {
      const hashes = await hashesOf(folder, state.firmwares);
      await write(async (written) => {
        await take(written, state, hashes, now);
        await written.settings.set(IMPORTED, sha256);
      });
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw new CloudError(`${path} is damaged: move it away to start anew`, { cause: error });
    }
  } else if (before !== sha256) {
    throw new CloudError(`${path} was written after its state was taken over: move it away`);
  }
  renameSync(path, `${path}.imported`);
  return true;
}

async function take(tables: Tables, state: JsonState, hashes: ReadonlyMap<string, string>, now: number): Promise<void> {
  await tables.settings.set(SIGNING_KEY, state.signingKey);
  const productIds = await importProducts(tables, state, now);
  const productOf = (productId: string): number => productIds.get(productId) ?? 0;
  await importDevices(tables, state, productOf, now);
  for (const firmware of state.firmwares) {
    await importFirmware(tables, firmware, productOf(firmware.productId), hashes, now);
  }
  // Upgrades become plans, which is the rollout's matter.
  const { tasks, rules } = state;
  if (tasks.length + rules.length > 0) {
    await tables.settings.set(IMPORTED_UPGRADES, JSON.stringify({ tasks, rules }));
  }
}

/** Earlier versions knew a product only if its devices may register themselves; all others are added by name. */
async function importProducts(tables: Tables, state: JsonState, now: number): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const { productId, productSecret, registration, deviceLimit } of state.products ?? []) {
    const product = await tables.products.insert({
      productId,
      name: productId,
      secret: productSecret,
      registration,
      deviceLimit: deviceLimit ?? null,
      createdAt: now,
    });
    ids.set(productId, product.id);
  }
  for (const { productId } of [...state.devices, ...state.firmwares, ...state.tasks, ...state.rules]) {
    if (ids.has(productId)) continue;
    const product = await tables.products.insert({ productId, name: productId, registration: "off", createdAt: now });
    ids.set(productId, product.id);
  }
  return ids;
}

/** The time of a report was not kept: it counts as reported now. */
async function importDevices(
  tables: Tables,
  { devices }: JsonState,
  productOf: (productId: string) => number,
  now: number,
): Promise<void> {
  const ids = new Map<string, number>();
  for (const device of devices) {
    const key = keyOf(device.productId, device.deviceName);
    if (ids.has(key)) continue;
    const { id } = await tables.devices.insert({
      productId: productOf(device.productId),
      deviceName: device.deviceName,
      secret: device.deviceSecret ?? null,
      activated: device.activated === true ? 1 : 0,
      selfRegistered: device.selfRegistered === true ? 1 : 0,
      createdAt: now,
    });
    ids.set(key, id);
    if (device.version !== undefined) await tables.components.set(id, OWN_FIRMWARE, device.version, now);
  }
  for (const { productId, deviceName, gateway } of devices) {
    const id = ids.get(keyOf(productId, deviceName));
    const gatewayId = gateway === undefined ? undefined : ids.get(keyOf(gateway.productId, gateway.deviceName));
    if (id !== undefined && gatewayId !== undefined) await tables.devices.update(id, { gatewayId });
  }
}

async function importFirmware(
  tables: Tables,
  { productId, version, size, md5, manifest = {} }: JsonFirmware,
  product: number,
  hashes: ReadonlyMap<string, string>,
  now: number,
): Promise<void> {
  const { sourceVersion = "", kind = "module", component = OWN_FIRMWARE } = manifest;
  await tables.packages.insert(
    {
      productId: product,
      component,
      kind,
      form: sourceVersion === "" ? "full" : "delta",
      sourceVersion: withoutComponent(sourceVersion, component),
      version: withoutComponent(version, component),
      name: version,
      requirements: Object.keys(manifest).length === 0 ? null : JSON.stringify(manifest),
      state: "uploaded",
      data: JSON.stringify({ name: "uploaded" }),
      createdAt: now,
    },
    [
      {
        name: `${version}.bin`,
        size,
        md5,
        sha256: hashes.get(md5) ?? "",
        path: pathOf(productId, version),
      },
    ],
  );
}

/** Earlier versions kept no SHA-256. A file that cannot be read has none until it is added again. */
async function hashesOf(folder: string, firmwares: readonly JsonFirmware[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { md5 } of firmwares) {
    const digest = createHash("sha256");
    try {
      await pipeline(createReadStream(join(folder, "firmware", `${md5}.bin`)), digest);
      hashes.set(md5, digest.digest("hex"));
    } catch {
      // Its package is shown without a hash.
    }
  }
  return hashes;
}

/** Earlier versions kept a component's version as it stands on the wire, with the component before it. */
function withoutComponent(version: string, component: string): string {
  return version.startsWith(`${component}_`) ? version.slice(component.length + 1) : version;
}

/** Path in the URLs that earlier versions have signed: devices may hold such a URL still. */
function pathOf(productId: string, version: string): string {
  return `/100003908905_${productId}_${version}`;
}

function keyOf(productId: string, name: string): string {
  return `${productId}_${name}`;
}
