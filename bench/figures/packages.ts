import { packedUpdate, type PackedUpdate } from "../../test/support/packed-update.js";
import { type Work, workBoundMs } from "../bounds.js";
import {
  type Computing,
  DELTA_IN_C,
  DELTA_IN_JS,
  digestMs,
  FAST,
  type Making,
  makingMs,
  type Processor,
  SLOW,
  WHOLE,
} from "../model/computing.js";
import { type Profile, profileOf } from "../model/profiles.js";
import { TimedRun } from "../model/run.js";
import type { Figure, Row } from "./figure.js";
import { cleanUpdate, MIB, updateMs } from "./updates.js";

interface Goals {
  readonly profile: string;
  /** Milliseconds that were wanted; absent: `OF_WHOLE` of a whole image in the same run. */
  readonly wantedMs?: number;
  /** What an update takes at most with the slow processor, decoded in C and in JavaScript. */
  readonly cMs: number;
  readonly jsMs: number;
}

const GOALS: readonly Goals[] = [
  { profile: "nb-iot", wantedMs: 12_000, cMs: 14_800, jsMs: 16_800 },
  { profile: "wan", wantedMs: 7_000, cMs: 8_300, jsMs: 11_900 },
  { profile: "lab", cMs: 7_700, jsMs: 11_300 },
];
const OF_WHOLE = 1.1;
const KEEPALIVE_SECONDS = 120;

let made: PackedUpdate | undefined;

/** It takes seconds to make. */
function minorDelta(): PackedUpdate {
  made ??= packedUpdate("minor", MIB);
  return made;
}

/** Updates by packages. Here the processor takes time too, and a whole image is measured in the same way. */
export const PACKAGES: readonly Figure[] = [
  ...GOALS.map((goals) => ({ name: `delta-${goals.profile}`, measure: () => rowsOf(goals) })),
  { name: "delta-parts", measure: () => parts() },
];

function rowsOf({ profile: name, wantedMs, cMs, jsMs }: Goals): Row[] {
  const profile = profileOf(name);
  const [slow, fast] = [SLOW, FAST].map((processor) => wholeRow(profile, processor)) as [Row, Row];
  const wanted = ({ value }: Row): number => wantedMs ?? OF_WHOLE * value;
  return [
    slow,
    { ...deltaRow(profile, DELTA_IN_C, SLOW), goal: cMs, wanted: wanted(slow) },
    { ...deltaRow(profile, DELTA_IN_JS, SLOW), goal: jsMs, wanted: wanted(slow) },
    fast,
    ...[DELTA_IN_C, DELTA_IN_JS].map((making) => deltaRow(profile, making, FAST)),
  ];
}

function wholeRow(profile: Profile, processor: Processor): Row {
  const computing = { making: WHOLE, processor };
  return {
    name: `update of 1 MiB, ${processor.name}, ${profile.name}`,
    value: updateMs(cleanUpdate(profile, { computing })),
    unit: "ms",
    bound: workBoundMs(profile, { fileLength: MIB, resultLength: MIB, baseLength: 0, computing }),
  };
}

function deltaRow(profile: Profile, making: Making, processor: Processor): Row {
  const packed = minorDelta();
  const computing = { making, processor };
  const byteLength = packed.result.byteLength;
  const run = TimedRun.go({ profile, byteLength, packed, computing, keepaliveSeconds: KEEPALIVE_SECONDS });
  return {
    name: `by a minor delta ${making.name}, ${processor.name}, ${profile.name}`,
    value: updateMs(run.last),
    unit: "ms",
    bound: workBoundMs(profile, workOf(computing)),
  };
}

function workOf(computing: Computing): Work {
  const { file, base, result } = minorDelta();
  return {
    fileLength: file.byteLength,
    resultLength: result.byteLength,
    baseLength: base.byteLength,
    computing,
  };
}

/** What the processor does for the delta. */
function parts(): Row[] {
  const { file, base, result } = minorDelta();
  const ms = (name: string, value: number): Row => ({ name: `${name}, slow processor`, value, unit: "ms" });
  const length = result.byteLength;
  return [
    { name: "minor delta of 1 MiB", value: file.byteLength, unit: "bytes" },
    ms("SHA-256 of its base", digestMs("SHA256", base.byteLength, SLOW)),
    ms("SHA-256 of its result", digestMs("SHA256", length, SLOW)),
    ms("JavaScript for it, decoded in C", makingMs({ ...DELTA_IN_C, instructions: 0 }, length, SLOW)),
    ms("C for it", makingMs({ ...DELTA_IN_C, bytecodes: 0 }, length, SLOW)),
    ms("JavaScript for it, decoded in JavaScript", makingMs(DELTA_IN_JS, length, SLOW)),
    ms("JavaScript for a whole image", makingMs(WHOLE, MIB, SLOW)),
  ];
}
