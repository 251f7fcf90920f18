import { boundMs, scheduleBoundMs } from "../bounds.js";
import { SHIPPED } from "../model/link-settings.js";
import { type Profile, PROFILES, SECTOR_LENGTH } from "../model/profiles.js";
import { FILE_PORT, type TimedBoot, TimedRun, type TimedRunOptions } from "../model/run.js";
import type { Figure, Row } from "./figure.js";

export const MIB = 0x100000;
/** Most milliseconds for an update of 1 MiB with what the package sets. */
const GOALS_MS: { readonly [profile: string]: number } = {
  lab: 5_230,
  wifi: 5_260,
  wan: 9_800,
  "4g-cat1": 8_500,
  "nb-iot": 146_000,
};
/** Bytes that a server puts into a TLS record: most servers by themselves, and one that keeps to what it was asked. */
const FRAGMENTS: readonly (readonly [byteLength: number, name: string])[] = [
  [16_384, "TLS records of 16 KiB"],
  [4_096, "TLS records of 4 KiB"],
];
/** Runs on a line that loses segments, each of which begins at another place between two losses. */
const LOSSY_RUNS = 10;

const runs = new Map<string, TimedBoot>();

/**
 * An update of 1 MiB without a fault, from power-on to the pending image. It is always the same, so it is run only once
 * for each profile and each other option.
 */
export function cleanUpdate(
  profile: Profile,
  options: Omit<TimedRunOptions, "profile" | "byteLength"> = {},
): TimedBoot {
  const key = JSON.stringify([profile, options]);
  const boot = runs.get(key) ?? TimedRun.go({ keepaliveSeconds: 120, ...options, profile, byteLength: MIB }).last;
  runs.set(key, boot);
  return boot;
}

export function updateMs({ offeredMs = 0, pendingMs = 0 }: TimedBoot): number {
  return pendingMs - offeredMs;
}

/** Which segments are lost changes the time by some percent: on a line that loses some, this is a mean. */
export function meanUpdateMs(profile: Profile, options: Parameters<typeof cleanUpdate>[1] = {}): number {
  const { lossEvery } = profile.link;
  if (lossEvery === undefined) return updateMs(cleanUpdate(profile, options));
  const times = Array.from({ length: LOSSY_RUNS }, (_, run) => {
    const link = { ...profile.link, lossesBegun: Math.floor((run * lossEvery) / LOSSY_RUNS) };
    return updateMs(cleanUpdate({ ...profile, link }, options));
  });
  return times.reduce((sum, ms) => sum + ms, 0) / LOSSY_RUNS;
}

export const UPDATES: readonly Figure[] = PROFILES.map((profile) => ({
  name: profile.name,
  measure: () => rowsOf(profile),
}));

function readBackLate({ trace }: TimedBoot): number {
  const last = trace.wire.findLast(({ port, direction }) => port === FILE_PORT && direction === "in");
  return trace.flash
    .filter(({ kind, startMs }) => kind === "read" && startMs > (last?.atMs ?? Infinity))
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function rowsOf(profile: Profile): Row[] {
  const boot = cleanUpdate(profile);
  const value = meanUpdateMs(profile);
  const bound = boundMs(profile, MIB);
  const goal = GOALS_MS[profile.name] as number;
  const rows: Row[] = [
    { name: `update of 1 MiB, ${profile.name}`, value, unit: "ms", goal, bound },
    ...FRAGMENTS.map(([fragmentLength, name]) => ({
      name: `the same, ${name}, ${profile.name}`,
      value: meanUpdateMs(profile, { fragmentLength }),
      unit: "ms",
      goal,
      bound,
    })),
    {
      name: `read back after the last byte came, ${profile.name}`,
      value: readBackLate(boot),
      unit: "bytes",
      // The bytes that are in the window at that moment, and the block that is being written.
      goal: SHIPPED.windowBytes + SECTOR_LENGTH,
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
