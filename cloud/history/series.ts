import type { Series } from "../store/schema.js";

/** What a sample of versions holds. */
export interface VersionData {
  /** Devices of the product that are online, whatever they run; `null` if that was not known. */
  readonly online: number | null;
  /** Devices by version; those of the versions beyond the most frequent ones by the empty text. */
  readonly devices: { readonly [version: string]: number };
}

/** What a sample of a plan holds: its tasks by state. A state without tasks is left out. */
export type PlanData = { readonly [state: string]: number };

/** Versions that a sample names. A fleet has a few; but devices can make up any number of them. */
const MOST_VERSIONS = 50;

export function versionSeries(productId: number, component: string): Series {
  return { kind: "versions", ownerId: productId, component };
}

export function planSeries(planId: number): Series {
  return { kind: "plan", ownerId: planId, component: "" };
}

/** @returns the data of a sample; that of the same counts is the same text */
export function versionText(
  online: number | null,
  counts: readonly { readonly version: string; readonly devices: number }[],
): string {
  const frequent = counts
    .filter(({ devices }) => devices > 0)
    .sort((one, other) => other.devices - one.devices || compare(one.version, other.version));
  const named = frequent.slice(0, MOST_VERSIONS).sort((one, other) => compare(one.version, other.version));
  const others = frequent.slice(MOST_VERSIONS).reduce((sum, { devices }) => sum + devices, 0);
  const entries = named.map(({ version, devices }): [string, number] => [version, devices]);
  return JSON.stringify({ online, devices: Object.fromEntries(others === 0 ? entries : [...entries, ["", others]]) });
}

export function planText(counts: readonly { readonly state: string; readonly tasks: number }[]): string {
  const entries = counts.filter(({ tasks }) => tasks > 0).map(({ state, tasks }): [string, number] => [state, tasks]);
  return JSON.stringify(Object.fromEntries(entries.sort(([one], [other]) => compare(one, other))));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
