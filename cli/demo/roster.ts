import type { FaultSpec } from "../../cloud/faults/fault.js";

/** The demo's product. Its name is in both languages of the console. */
export const DEMO_PRODUCT = "DEMOLAMP01";
export const DEMO_PRODUCT_NAME = "Demo lamps 演示灯具";

export const MIN_BOARDS = 10;
export const MAX_BOARDS = 500;
export const DEFAULT_BOARDS = 50;

/** Versions that boards of the demo leave the factory with: most the first, some the others. */
export const FACTORY_VERSIONS = ["0.1.0", "0.1.5", "0.2.0"] as const;
export type FactoryVersion = (typeof FACTORY_VERSIONS)[number];

/** A board on the bench, as it leaves the factory. */
export interface RosterEntry {
  readonly name: string;
  readonly version: FactoryVersion;
  /** A part of the board is broken: each newer firmware fails its self test there. Nothing on the bench mends it. */
  readonly broken: boolean;
  /** How long the person at the board takes to answer, if asked. */
  readonly answerMs: number;
  /** The person defers once before accepting. */
  readonly defersFirst: boolean;
}

export interface Roster {
  readonly boards: readonly RosterEntry[];
  /** What goes wrong on the bench at first. Each fault can be removed, and its board comes along at the next try. */
  readonly faults: readonly FaultSpec[];
}

/** Share of the boards that misbehave in one way: 2 of 50. */
const SHARE = 0.04;
/** The first boards behave: one of them is a good canary. */
const MOST_GOOD_AT_FIRST = 5;
const SLOW_BYTES_PER_SECOND = [4000, 2000];

/**
 * Decides who is on the bench, and what goes wrong there. The same count and seed give the same bench.
 *
 * @param count `MIN_BOARDS` to `MAX_BOARDS`
 */
export function rosterOf(count: number, seed: number): Roster {
  const random = randomOf(seed);
  const digits = Math.max(2, String(count).length);
  const names = Array.from({ length: count }, (_, index) => `lamp_${String(index + 1).padStart(digits, "0")}`);
  const goodAtFirst = Math.min(MOST_GOOD_AT_FIRST, Math.floor(count / 5));
  const others = shuffled(names.slice(goodAtFirst), random);
  const take = (share: number): string[] => others.splice(0, Math.max(1, Math.round(count * share))).sort();

  const [slow, badLink, dark, broken, empty] = [
    take(SHARE),
    take(SHARE),
    take(SHARE),
    take(SHARE / 2),
    take(SHARE / 2),
  ];
  const newest = take(SHARE);
  const newer = others.splice(0, Math.min(others.length, Math.max(1, Math.round(count * 2 * SHARE))));
  const deferring = others.slice(0, Math.max(1, Math.round(count * SHARE)));

  const faults = [
    ...slow.map((device, index) => ({
      fault: "slow" as const,
      bytesPerSecond: inTurn(SLOW_BYTES_PER_SECOND, index),
      device,
    })),
    ...badLink.map((device, index) =>
      index % 2 === 0 ? { fault: "wrong-bytes" as const, device } : { fault: "status" as const, status: 404, device },
    ),
    ...dark.map((device, index) => ({
      fault: "power-off" as const,
      at: inTurn(["offer", "burning"] as const, index),
      device,
    })),
    ...empty.map((device) => ({ fault: "low-battery" as const, percent: 12, device })),
  ].map((fault) => ({ ...fault, product: DEMO_PRODUCT }));
  return {
    faults,
    boards: names.map((name) => ({
      name,
      version: newest.includes(name) ? "0.2.0" : newer.includes(name) ? "0.1.5" : "0.1.0",
      broken: broken.includes(name),
      answerMs: 2000 + Math.floor(random() * 4000),
      defersFirst: deferring.includes(name),
    })),
  };
}

function inTurn<T>(values: readonly T[], index: number): T {
  return values[index % values.length] as T;
}

function shuffled(names: readonly string[], random: () => number): string[] {
  const list = [...names];
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other] as string, list[last] as string];
  }
  return list;
}

/** Mulberry32: numbers from 0 up to, but not including, 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
