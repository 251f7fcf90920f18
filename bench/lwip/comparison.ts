import type { LinkSettings } from "../model/link-settings.js";
import type { Profile } from "../model/profiles.js";
import { TimedRun } from "../model/run.js";
import { TLS_ROUND_TRIPS } from "../model/tls.js";

/** Greatest difference between lwIP and the model, in percent of what lwIP takes. */
export const MOST_PERCENT = 10;

/** One line of the table. */
export interface Comparison {
  readonly profile: string;
  readonly settings: string;
  readonly lwipMs: number;
  readonly modelMs: number;
}

/** @returns the profile with the losses of each run at other places, if its link loses any */
export function profilesOfRuns(profile: Profile, runs: number): Profile[] {
  const { link } = profile;
  const { lossEvery = 0 } = link;
  return Array.from({ length: runs }, (_, run) => ({
    ...profile,
    link: { ...link, lossesBegun: Math.floor((run * lossEvery) / runs) },
  }));
}

/** @returns milliseconds that the model takes; the rig has no TLS, so the round trips of its handshake are taken off */
export function modelMs(profile: Profile, settings: LinkSettings, byteLength: number): number {
  const { offeredMs = 0, pendingMs = 0 } = TimedRun.go({ profile, settings, byteLength }).last;
  return pendingMs - offeredMs - TLS_ROUND_TRIPS * profile.link.roundTripMs;
}

/** @returns the middle one; of an even count, the mean of the two in the middle */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low = NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

/** @returns by how much the model differs from lwIP, in percent */
export function differencePercent({ lwipMs, modelMs }: Comparison): number {
  return ((modelMs - lwipMs) / lwipMs) * 100;
}

export function isWithin(comparison: Comparison): boolean {
  return Math.abs(differencePercent(comparison)) <= MOST_PERCENT;
}

/** @returns the lines of the table, in Markdown */
export function comparisonTable(comparisons: readonly Comparison[]): string[] {
  return [
    "| Profile | Settings | lwIP, s | Model, s | Difference |",
    "|---|---|---|---|---|",
    ...comparisons.map((comparison) => {
      const { profile, settings, lwipMs, modelMs } = comparison;
      const difference = differencePercent(comparison);
      const signed = `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(1)} %`;
      return `| ${profile} | ${settings} | ${seconds(lwipMs)} | ${seconds(modelMs)} | ${signed} |`;
    }),
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
