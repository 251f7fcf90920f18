import type { EventView } from "../../../operator/types.js";

/** Who speaks: the platform to the device, the device to the platform, or neither: something was decided. */
export type Side = "platform" | "decision" | "device";

/** What a device reports, and what the platform has sent to it; all else is a decision. */
const SIDES: { readonly [kind: string]: Side } = {
  "task-offered": "platform",
  "task-offered-again": "platform",
  "version-reported": "device",
  "ask-reported": "device",
  "decline-reported": "device",
  "refusal-reported": "device",
  "defer-reported": "device",
  "download-reported": "device",
  "burn-reported": "device",
  "done-reported": "device",
  "fail-reported": "device",
};

export function sideOf(kind: string): Side {
  return Object.hasOwn(SIDES, kind) ? (SIDES[kind] ?? "decision") : "decision";
}

/** What happened in one moment. */
export interface LogRow {
  readonly at: number;
  readonly platform: readonly EventView[];
  readonly decision: readonly EventView[];
  readonly device: readonly EventView[];
}

/** A report and what was decided on it are stored in one transaction, and so have the same time: they share a row. */
export function logRows(events: readonly EventView[]): readonly LogRow[] {
  const rows: LogRow[] = [];
  for (const event of events) {
    const last = rows.at(-1);
    const row = last?.at === event.at ? last : { at: event.at, platform: [], decision: [], device: [] };
    const side = sideOf(event.kind);
    const next = { ...row, [side]: [...row[side], event] };
    if (row === last) rows.splice(-1, 1, next);
    else rows.push(next);
  }
  return rows;
}
