import { flashMs } from "../bounds.js";
import { BLOCK_LENGTH, type Profile, profileOf, PROFILES, SECTOR_LENGTH } from "../model/profiles.js";
import type { TimedBoot } from "../model/run.js";
import type { FlashSpan, Trace } from "../model/trace.js";
import type { Figure, Row } from "./figure.js";
import { cleanUpdate, MIB } from "./updates.js";

const KEY_VALUE_WRITES = 20;
/** Keepalive of the measurement, in seconds. A broker waits for one and a half keepalives ([MQTT-3.1.2-24]). */
const KEEPALIVE_SECONDS = 2;
const MQTT_PORT = 1883;
const REPORT_INTERVAL_MS = 1_000;

export const FLASH_FIGURES: readonly Figure[] = [
  { name: "blocking", measure: () => blocking() },
  { name: "erases", measure: () => erases() },
  { name: "key-value", measure: () => keyValue(cleanUpdate(profileOf("lab"))) },
  { name: "keepalive", measure: () => keepalive() },
];

function blocking(): Row[] {
  const boots = PROFILES.map((profile) => cleanUpdate(profile));
  const turns = boots.flatMap((boot) => turnsOf(boot));
  const { blockEraseMs } = profileOf("lab").flash;
  const longest = Math.max(...boots.flatMap(({ trace }) => trace.flash.map(({ startMs, endMs }) => endMs - startMs)));
  return [
    { name: "longest flash operation", value: longest, unit: "ms", goal: blockEraseMs, bound: blockEraseMs },
    {
      name: "longest turn blocked by flash",
      value: Math.max(...turns.map(lengthOf)),
      unit: "ms",
      goal: blockEraseMs,
      bound: blockEraseMs,
    },
    {
      name: "erases, programs and key-value writes in one turn",
      value: Math.max(...turns.map(changesIn)),
      unit: "operations",
      goal: 1,
    },
    {
      name: "latest callback",
      value: Math.max(...boots.map(({ latestMs }) => latestMs)),
      unit: "ms late",
      goal: blockEraseMs,
    },
  ];
}

/** @returns the flash operations of each callback of the thread, up to the pending image */
function turnsOf({ trace }: TimedBoot): FlashSpan[][] {
  const turns = new Map<number, FlashSpan[]>();
  for (const span of trace.flash) turns.set(span.turn, [...(turns.get(span.turn) ?? []), span]);
  return [...turns.values()];
}

function lengthOf(spans: readonly FlashSpan[]): number {
  return spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

/** Counts changes as a caller sees them: a key-value write programs a page several times but is one operation. */
function changesIn(spans: readonly FlashSpan[]): number {
  const slot = spans.filter(({ kind }) => kind === "erase" || kind === "program").length;
  return slot + (["record", "entry"] as const).filter((kind) => spans.some((span) => span.kind === kind)).length;
}

function erases(): Row[] {
  const boots = PROFILES.map((profile) => cleanUpdate(profile));
  const blocks = MIB / BLOCK_LENGTH;
  const most = (value: (boot: TimedBoot) => number): number => Math.max(...boots.map(value));
  return [
    {
      name: "erases per MiB",
      value: most(({ trace }) => erasesOf(trace).length),
      unit: "erases",
      goal: blocks,
      bound: blocks,
    },
    {
      name: "erases of one block, at most",
      value: most(({ trace }) => mostErasesOfOne(trace)),
      unit: "erases",
      goal: 1,
      bound: 1,
    },
    {
      name: "erased ahead of the data, at most",
      value: most(({ trace }) => farthestAhead(trace)),
      unit: "bytes",
      goal: 2 * BLOCK_LENGTH,
    },
  ];
}

function erasesOf({ flash }: Trace): readonly FlashSpan[] {
  return flash.filter(({ kind }) => kind === "erase");
}

function mostErasesOfOne(trace: Trace): number {
  const counts = new Map<number, number>();
  for (const { address, byteLength } of erasesOf(trace)) {
    for (let at = address; at < address + byteLength; at += SECTOR_LENGTH) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

/** @returns the greatest distance from the end of the programmed bytes to the end of the erased ones */
function farthestAhead({ flash }: Trace): number {
  let [ahead, programmedEnd] = [0, 0];
  for (const { kind, address, byteLength } of flash) {
    if (kind === "program") programmedEnd = address + byteLength;
    if (kind === "erase") {
      ahead = Math.max(ahead, address + byteLength - (programmedEnd === 0 ? address : programmedEnd));
    }
  }
  return ahead;
}

function keyValue({ keyValueWrites, trace }: TimedBoot): Row[] {
  const compactions = trace.flash.filter(({ kind, erases: erased }) => kind === "record" && erased).length;
  return [
    {
      name: "key-value writes per MiB",
      value: keyValueWrites,
      unit: "writes",
      goal: KEY_VALUE_WRITES,
      bound: MIB / BLOCK_LENGTH,
    },
    { name: "page erases of the key-value store per MiB", value: compactions, unit: "erases" },
  ];
}

function keepalive(): Row[] {
  const boots = PROFILES.map((profile) => ({
    profile,
    boot: cleanUpdate(profile, { keepaliveSeconds: KEEPALIVE_SECONDS }),
  }));
  const lab = boots.find(({ profile }) => profile.name === "lab")?.boot as TimedBoot;
  const reports = lab.trace.reports.filter(({ word }) => word.startsWith("downloading")).map(({ atMs }) => atMs);
  const { blockEraseMs } = profileOf("lab").flash;
  return [
    {
      name: `longest silence to the broker, keepalive ${KEEPALIVE_SECONDS} s`,
      value: Math.max(...boots.map(({ profile, boot }) => longestSilenceMs(boot, profile))),
      unit: "ms",
      goal: 1.5 * KEEPALIVE_SECONDS * 1000,
    },
    {
      name: "connections to the broker",
      value: Math.max(...boots.map(({ boot }) => boot.connects)),
      unit: "connections",
      goal: 1,
      bound: 1,
    },
    {
      name: "longest time between two progress reports, lab",
      value: Math.max(...gaps(reports)),
      unit: "ms",
      // Progress is reported for each hundredth of an image, and an erase may delay the report.
      goal: REPORT_INTERVAL_MS + blockEraseMs + flashMs(profileOf("lab"), MIB) / 100,
      bound: REPORT_INTERVAL_MS,
    },
  ];
}

/**
 * Longest silence at the broker. Packets have equal delays, so the times at which they leave the board are compared.
 */
function longestSilenceMs({ trace, pendingMs = 0 }: TimedBoot, { link }: Profile): number {
  const sent = trace.wire
    .filter(({ port, direction }) => port === MQTT_PORT && direction === "out")
    .map(({ atMs }) => atMs);
  return Math.max(...gaps([...sent, pendingMs - link.roundTripMs]));
}

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((at, index) => at - (moments[index] as number));
}
