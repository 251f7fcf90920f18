import { SHIPPED } from "./model/link-settings.js";
import type { Profile } from "./model/profiles.js";
import { FILE_PORT, type TimedBoot } from "./model/run.js";

interface Bar {
  readonly startMs: number;
  readonly endMs: number;
  /** Height as a part of the lane's height, from 0 to 1. */
  readonly height: number;
}

interface Lane {
  readonly name: string;
  readonly colour: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 1400;
const LEFT = 90;
const LANE_HEIGHT = 34;
const TOP = 34;
/** Least width of a bar, so that it can be seen. */
const THINNEST = 0.5;
const TICKS = 10;

/** @returns the timeline of an update as an SVG, which shows when each part of the board works */
export function timelineOf(boot: TimedBoot, profile: Profile): string {
  const start = boot.offeredMs ?? 0;
  const end = boot.pendingMs ?? boot.endMs;
  const scale = (WIDTH - LEFT - 20) / (end - start);
  const lanes = lanesOf(boot);
  const height = TOP + lanes.length * LANE_HEIGHT + 30;
  const x = (ms: number): number => LEFT + (ms - start) * scale;
  const title = `${profile.name}: ${Math.round(end - start)} ms from the offer to the pending image`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="20" font-size="14">${title}</text>`,
    ...lanes.flatMap((lane, index) => drawn(lane, TOP + index * LANE_HEIGHT, x, start, end)),
    ...Array.from({ length: TICKS + 1 }, (_, tick) => {
      const ms = ((end - start) * tick) / TICKS;
      const at = x(start + ms).toFixed(1);
      return `<text x="${at}" y="${height - 10}" text-anchor="middle" fill="#555">${Math.round(ms)} ms</text>`;
    }),
    "</svg>\n",
  ].join("\n");
}

function drawn(lane: Lane, top: number, x: (ms: number) => number, start: number, end: number): string[] {
  const full = LANE_HEIGHT - 8;
  const bottom = top + full;
  const outline = ({ from, to, height }: Shape): string =>
    `M${from.toFixed(1)} ${bottom}V${(bottom - full * height).toFixed(1)}H${to.toFixed(1)}V${bottom}z`;
  const bars = lane.bars.filter(({ startMs, endMs }) => endMs >= start && startMs <= end);
  return [
    `<text x="${LEFT - 8}" y="${top + full / 2 + 4}" text-anchor="end">${lane.name}</text>`,
    `<rect x="${LEFT}" y="${top}" width="${(x(end) - x(start)).toFixed(1)}" height="${full}" fill="#f4f4f4"/>`,
    `<path fill="${lane.colour}" d="${visible(bars, x).map(outline).join("")}"/>`,
  ];
}

interface Shape {
  readonly from: number;
  readonly to: number;
  readonly height: number;
}

/** The bars as shapes on the page. If several are too thin to be seen apart, the tallest one is drawn. */
function visible(bars: readonly Bar[], x: (ms: number) => number): Shape[] {
  const shapes: Shape[] = [];
  for (const { startMs, endMs, height } of bars) {
    const from = x(startMs);
    const shape = { from, to: Math.max(from + THINNEST, x(endMs)), height };
    const last = shapes.at(-1);
    if (last === undefined || shape.to - last.from > 2 * THINNEST) shapes.push(shape);
    else shapes[shapes.length - 1] = { from: last.from, to: shape.to, height: Math.max(last.height, height) };
  }
  return shapes.filter((shape) => shape.height > 0);
}

function lanesOf(boot: TimedBoot): Lane[] {
  const { flash, reports } = boot.trace;
  const spans = (kind: string): Bar[] =>
    flash.filter((span) => span.kind === kind).map((span) => ({ ...span, height: 1 }));
  return [
    { name: "window", colour: "#4a90d9", bars: windowOf(boot) },
    { name: "erase", colour: "#d0463b", bars: spans("erase") },
    { name: "program", colour: "#e0a030", bars: spans("program") },
    { name: "hash", colour: "#5aa469", bars: spans("read") },
    { name: "record", colour: "#8a63b8", bars: spans("record") },
    { name: "report", colour: "#333", bars: reports.map(({ atMs }) => ({ startMs: atMs, endMs: atMs, height: 1 })) },
  ];
}

/** Bars that show how full the receive window is. */
function windowOf({ trace, endMs }: TimedBoot): Bar[] {
  const steps = trace.window.filter(({ port }) => port === FILE_PORT);
  return steps.map(({ atMs, byteLength }, index) => ({
    startMs: atMs,
    endMs: steps[index + 1]?.atMs ?? endMs,
    height: byteLength / SHIPPED.windowBytes,
  }));
}
