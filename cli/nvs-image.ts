import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROVISIONING_KEYS, PROVISIONING_NAMESPACE } from "../hal/boards/provisioning.js";
import { NorFlash, SECTOR_LENGTH } from "../hal/boards/sim/nor-flash.js";
import { mountNvs, Nvs } from "../hal/boards/sim/nvs/nvs.js";
import {
  dataPartition,
  parsePartitionsCsv,
  readPartitionTable,
  SUBTYPE_DATA_NVS,
  TYPE_DATA,
} from "../hal/boards/sim/partition-table.js";
import { UsageError } from "./command-line.js";
import { packageRoot } from "./sdk.js";

/** What a board is provisioned with, by key. */
export type ProvisioningEntries = {
  readonly [Key in (typeof PROVISIONING_KEYS.string)[number]]?: string | undefined;
} & { readonly [Key in (typeof PROVISIONING_KEYS.blob)[number]]?: Uint8Array | undefined };

/** Least pages of an NVS partition that ESP-IDF mounts for writing. */
const MIN_PAGES = 3;

/** @returns bytes of the partition `nvs` in partitions.csv */
export function nvsLength(): number {
  const text = readFileSync(join(packageRoot(), "hal", "boards", "esp32", "partitions.csv"), "utf8");
  return dataPartition(parsePartitionsCsv(text), SUBTYPE_DATA_NVS, "nvs").size;
}

/**
 * Makes a whole NVS partition with these entries. The same entries always make the same bytes.
 *
 * @param byteLength bytes of the partition
 * @throws UsageError if they do not fit
 */
export function makeNvsImage(entries: ProvisioningEntries, byteLength: number): Uint8Array {
  if (byteLength % SECTOR_LENGTH !== 0 || byteLength < MIN_PAGES * SECTOR_LENGTH) {
    throw new UsageError(`an nvs partition has whole pages of ${SECTOR_LENGTH} bytes, ${MIN_PAGES} or more`);
  }
  const flash = NorFlash.blank(byteLength);
  const nvs = new Nvs(flash, { label: "nvs", type: TYPE_DATA, subtype: SUBTYPE_DATA_NVS, offset: 0, size: byteLength });
  for (const key of PROVISIONING_KEYS.string) {
    store(key, entries[key], (value) => nvs.setString(PROVISIONING_NAMESPACE, key, value));
  }
  for (const key of PROVISIONING_KEYS.blob) {
    store(key, entries[key], (value) => nvs.set(PROVISIONING_NAMESPACE, key, value));
  }
  return flash.slice(0, byteLength);
}

function store<Value>(key: string, value: Value | undefined, write: (value: Value) => void): void {
  if (value === undefined) return;
  try {
    write(value);
  } catch (error) {
    const { message } = error as Error;
    if (message === "ESP_ERR_NVS_VALUE_TOO_LONG") throw new UsageError(`${key} is longer than an entry of NVS can be`);
    if (message === "ESP_ERR_NVS_NOT_ENOUGH_SPACE") {
      throw new UsageError(`${key} does not fit the nvs partition any more`);
    }
    throw error;
  }
}

/** Names of the entries that a flash is provisioned with, without their values. */
export interface ProvisioningReport {
  readonly productId: string | null;
  readonly deviceName: string | null;
  readonly keys: readonly string[];
}

/**
 * @param flash a copy, because mounting may repair what a power cut has left @returns `null` if nothing is provisioned
 */
export function inspectProvisioning(flash: NorFlash): ProvisioningReport | null {
  const partition = readPartitionTable(flash).find(
    ({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_NVS,
  );
  if (partition === undefined) return null;
  const nvs = mountNvs(flash, partition);
  const keys = nvs.keys(PROVISIONING_NAMESPACE);
  if (keys.length === 0) return null;
  const text = (key: string): string | null => nvs.getString(PROVISIONING_NAMESPACE, key) ?? null;
  return { productId: text("productId"), deviceName: text("deviceName"), keys };
}

/** One line for `ota-device inspect`. */
export function describeProvisioning(report: ProvisioningReport | null): string {
  if (report === null) return "none";
  return `${report.productId ?? "?"}/${report.deviceName ?? "?"}  keys ${report.keys.join(", ")}`;
}
