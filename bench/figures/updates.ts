import { boundMs, scheduleBoundMs } from "../bounds.js";
import { type Profile, PROFILES } from "../model/profiles.js";
import { type TimedBoot, TimedRun } from "../model/run.js";
import type { Figure, Row } from "./figure.js";

export const MIB = 0x100000;
/** How far over its bound an update of 1 MiB may be. */
const FACTORS: { readonly [profile: string]: number } = { lab: 1.05, wifi: 1.05, wan: 1.1, "4g-cat1": 1.24, "nb-iot": 1.05 };
const LAB_MS = 5_500;

/** An update of 1 MiB without a disturbance, from power-on to the pending image. */
export function cleanUpdate(profile: Profile, keepaliveSeconds?: number): TimedBoot {
  return TimedRun.go({ profile, byteLength: MIB, ...(keepaliveSeconds === undefined ? {} : { keepaliveSeconds }) }).last;
}

export function updateMs({ offeredMs = 0, pendingMs = 0 }: TimedBoot): number {
  return pendingMs - offeredMs;
}

export const UPDATES: readonly Figure[] = PROFILES.map((profile) => ({ name: profile.name, measure: () => rowsOf(profile) }));

function rowsOf(profile: Profile): Row[] {
  const boot = cleanUpdate(profile);
  const value = updateMs(boot);
  const bound = boundMs(profile, MIB);
  const factor = FACTORS[profile.name] as number;
  const goal = profile.name === "lab" ? Math.min(LAB_MS, factor * bound) : factor * bound;
  const rows: Row[] = [
    { name: `update of 1 MiB, ${profile.name}`, value, unit: "ms", goal, bound },
    { name: `requests, ${profile.name}`, value: boot.requests.length, unit: "requests", goal: 1, bound: 1 },
  ];
  const scheduleBound = scheduleBoundMs(profile, MIB);
  if (scheduleBound > bound) {
    rows.push({ name: `the same, against the best schedule, ${profile.name}`, value, unit: "ms", bound: scheduleBound });
  }
  return rows;
}
