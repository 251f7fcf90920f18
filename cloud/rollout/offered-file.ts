import { variantFor } from "../fleet/variants.js";
import type { PackageVariant, Task } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { Offer } from "./offers.js";
import type { Work } from "./work.js";

/** How much smaller than the whole file a variant must be, unless an operator has set it. */
export const DEFAULT_LEAST_SAVING_PERCENT = 10;

const LEAST_SAVING_PERCENT = "least-saving-percent";

/** @returns by how many percent a delta or a compressed image must be smaller than the file, so that it is offered */
export async function leastSavingPercent({ settings }: Tables): Promise<number> {
  const stored = await settings.get(LEAST_SAVING_PERCENT);
  return stored === undefined ? DEFAULT_LEAST_SAVING_PERCENT : Number(stored);
}

export function setLeastSavingPercent({ settings }: Tables, percent: number): Promise<void> {
  return settings.set(LEAST_SAVING_PERCENT, String(percent));
}

/** @returns the delta or compressed image that a device is to be offered now; `undefined`: the package's own file */
export async function variantOf({ tables }: Work, task: Task): Promise<PackageVariant | undefined> {
  if (task.variantRefusal !== null) return undefined;
  const ready = (await tables.variants.ofPackages([task.packageId])).filter(({ state }) => state === "ready");
  const [file] = ready.length === 0 ? [] : await tables.packages.filesOf([task.packageId]);
  if (file === undefined) return undefined;
  const known = await tables.components.of(task.deviceId);
  const chosen = variantFor(
    ready.map(({ id, sourceVersion, size }) => ({
      variantId: id,
      sourceVersion: sourceVersion === "" ? undefined : sourceVersion,
      size: size ?? file.size,
    })),
    {
      version: known.find(({ component }) => component === task.component)?.version,
      wholeSize: file.size,
      leastSavingPercent: await leastSavingPercent(tables),
    },
  );
  return ready.find(({ id }) => id === chosen?.variantId);
}

/** @returns what the try of a task has offered; the package's own file if that is gone; `undefined` if it has none */
export async function fileOf(
  { tables }: Pick<Work, "tables">,
  { packageId, variantId }: Task,
): Promise<Offer["file"] | undefined> {
  const variant = variantId === null ? undefined : await tables.variants.byId(variantId);
  if (variant !== undefined) {
    const { path, size, md5 } = variant;
    if (path !== null && size !== null && md5 !== null) return { path, size, md5 };
  }
  const [file] = await tables.packages.filesOf([packageId]);
  return file === undefined ? undefined : { path: file.path, size: file.size, md5: file.md5 };
}

/** What a variant is, for the history; `undefined` if it is gone. */
export async function variantText({ tables }: Work, variantId: number): Promise<string | undefined> {
  const variant = await tables.variants.byId(variantId);
  return variant === undefined ? undefined : `${describeVariant(variant)}, ${variant.size} bytes`;
}

export function describeVariant({ form, sourceVersion }: Pick<PackageVariant, "form" | "sourceVersion">): string {
  return form === "delta" ? `delta from ${sourceVersion}` : "compressed";
}
