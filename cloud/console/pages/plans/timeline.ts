import type { TaskStateName } from "../../../operator/types.js";

export interface TimelinePoint {
  readonly at: number;
  readonly counts: { readonly [state: string]: number };
}

export type LineName = "succeeded" | "running" | "waiting" | "failed" | "silent" | "otherEnds";

/** A line for what means the same: the colours of the states are shared by them. */
const LINES: readonly {
  readonly name: LineName;
  readonly color: string;
  readonly states: readonly TaskStateName[];
}[] = [
  { name: "succeeded", color: "--succeeded", states: ["succeeded"] },
  { name: "running", color: "--running", states: ["offered", "asked", "downloading", "burning", "trial"] },
  { name: "waiting", color: "--waiting", states: ["waiting"] },
  { name: "failed", color: "--failed", states: ["failed"] },
  { name: "silent", color: "--attention", states: ["silent"] },
  { name: "otherEnds", color: "--ended", states: ["declined", "cancelled", "superseded"] },
];

export interface Timeline {
  readonly times: readonly number[];
  /** Only lines that are not zero all the time. */
  readonly lines: readonly { readonly name: LineName; readonly color: string; readonly values: readonly number[] }[];
}

/** @param now the counts of this moment, with which the lines end; absent for a plan that has ended */
export function timelineOf(points: readonly TimelinePoint[], now?: TimelinePoint): Timeline {
  const last = points.at(-1);
  const all = now === undefined || (last !== undefined && now.at <= last.at) ? points : [...points, now];
  const lines = LINES.map(({ name, color, states }) => ({
    name,
    color,
    values: all.map(({ counts }) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)),
  }));
  return { times: all.map(({ at }) => at), lines: lines.filter(({ values }) => values.some((value) => value > 0)) };
}
