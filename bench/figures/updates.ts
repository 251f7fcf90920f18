import { boundMs, scheduleBoundMs } from "../bounds.js";
import { LWIP_WINDOW_STEP, type Profile, PROFILES, SECTOR_LENGTH, WINDOW_LENGTH } from "../model/profiles.js";
import { FILE_PORT, type TimedBoot, TimedRun } from "../model/run.js";
import type { Figure, Row } from "./figure.js";

export const MIB = 0x100000;
/** Greatest ratio of an update of 1 MiB to its bound. */
const FACTORS: { readonly [profile: string]: number } = {
  lab: 1.05,
  wifi: 1.05,
  wan: 1.1,
  "4g-cat1": 1.24,
  "nb-iot": 1.05,
};
const LAB_MS = 5_500;

const runs = new Map<string, TimedBoot>();

/**
 * An update of 1 MiB without a fault, from power-on to the pending image. It is always the same, so it is run only once
 * for each profile.
 */
export function cleanUpdate(profile: Profile, keepaliveSeconds = 120): TimedBoot {
  const key = `${profile.name} ${keepaliveSeconds}`;
  const boot = runs.get(key) ?? TimedRun.go({ profile, byteLength: MIB, keepaliveSeconds }).last;
  runs.set(key, boot);
  return boot;
}

export function updateMs({ offeredMs = 0, pendingMs = 0 }: TimedBoot): number {
  return pendingMs - offeredMs;
}

export const UPDATES: readonly Figure[] = [
  ...PROFILES.map((profile) => ({ name: profile.name, measure: () => rowsOf(profile) })),
  { name: "lwip", measure: () => PROFILES.map(lwipRow) },
];

/**
 * The update with lwIP's own behaviour, which the agent cannot change: the stack opens the window late, and a server
 * sends no less than a segment.
 */
function lwipRow(profile: Profile): Row {
  const link = { ...profile.link, windowStep: LWIP_WINDOW_STEP };
  const boot = cleanUpdate({ ...profile, name: `${profile.name}, lwIP`, link });
  return {
    name: `update of 1 MiB, window in lwIP's steps, ${profile.name}`,
    value: updateMs(boot),
    unit: "ms",
    bound: boundMs(profile, MIB),
  };
}

function readBackLate({ trace }: TimedBoot): number {
  const last = trace.wire.findLast(({ port, direction }) => port === FILE_PORT && direction === "in");
  return trace.flash
    .filter(({ kind, startMs }) => kind === "read" && startMs > (last?.atMs ?? Infinity))
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function rowsOf(profile: Profile): Row[] {
  const boot = cleanUpdate(profile);
  const value = updateMs(boot);
  const bound = boundMs(profile, MIB);
  const factor = FACTORS[profile.name] as number;
  const goal = profile.name === "lab" ? Math.min(LAB_MS, factor * bound) : factor * bound;
  const rows: Row[] = [
    { name: `update of 1 MiB, ${profile.name}`, value, unit: "ms", goal, bound },
    {
      name: `read back after the last byte came, ${profile.name}`,
      value: readBackLate(boot),
      unit: "bytes",
      // The bytes that are in the window at that moment, and the block that is being written.
      goal: WINDOW_LENGTH + SECTOR_LENGTH,
    },
    { name: `requests, ${profile.name}`, value: boot.requests.length, unit: "requests", goal: 1, bound: 1 },
  ];
  const scheduleBound = scheduleBoundMs(profile, MIB);
  if (scheduleBound > bound) {
    rows.push({
      name: `the same, against the best schedule, ${profile.name}`,
      value,
      unit: "ms",
      bound: scheduleBound,
    });
  }
  return rows;
}
