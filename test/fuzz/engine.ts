import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SeededRandom } from "../support/seed.js";
import { inputOf } from "./mutate.js";
import { MEMORY } from "./repeat.js";
import type { Target } from "./target.js";

export interface Violation {
  /** `target:seed:index`, or `memory:seed:0` for a whole run. */
  readonly id: string;
  readonly what: string;
}

export interface Figures {
  inputs: number;
  readonly violations: Violation[];
}

export interface FuzzOptions {
  readonly targets: readonly Target[];
  readonly seed: number;
  readonly inputs: number;
  /** Stops early. */
  readonly seconds: number;
  /** This run takes each `of`th index, from `part` on. */
  readonly part: number;
  readonly of: number;
  /** Called before each input, so that a watcher outside of the thread knows which one hangs. */
  onInput?(target: number, index: number): void;
}

const VIOLATION_LIMIT = 20;
/** Bytes by which the memory may grow from a warm start to the end, for any inputs. */
const GROWTH_LIMIT = 16 * 1024 * 1024;
const WARM_AFTER = 3000;
const COLLECTIONS = 4;

/** @returns input `index` of a target: the same in every run */
export function fuzzInput(target: Target, seed: number, index: number): Uint8Array {
  let hash = seed ^ 0x811c9dc5;
  for (const character of `${target.name}:${index}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return inputOf(target, new SeededRandom(hash));
}

/** Rounds over all targets, each with as many inputs as its weight, until the count or the time is reached. */
export async function fuzz({ targets, seed, inputs, seconds, part, of, onInput }: FuzzOptions): Promise<Figures> {
  const figures: Figures = { inputs: 0, violations: [] };
  const until = performance.now() + seconds * 1000;
  const next = targets.map(() => part);
  let warm: number | undefined;
  while (figures.inputs < inputs && performance.now() < until) {
    for (const [number, target] of targets.entries()) {
      for (let count = 0; count < target.weight && figures.inputs < inputs; count++) {
        const index = next[number] as number;
        next[number] = index + of;
        onInput?.(number, index);
        figures.inputs++;
        const what = await violationOf(target, fuzzInput(target, seed, index));
        if (what !== undefined) figures.violations.push({ id: `${target.name}:${seed}:${index}`, what });
        if (figures.violations.length >= VIOLATION_LIMIT) return figures;
      }
    }
    if (warm === undefined && figures.inputs >= WARM_AFTER) warm = heapUsed();
  }
  const growth = warm === undefined ? 0 : heapUsed() - warm;
  if (growth > GROWTH_LIMIT) {
    figures.violations.push({ id: `${MEMORY}:${seed}:0`, what: `${growth} bytes more are held at the end` });
  }
  return figures;
}

/** @returns what does not hold for this input */
export async function violationOf(target: Target, input: Uint8Array): Promise<string | undefined> {
  try {
    await target.run(input);
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? `${error.message} ${/\n\s+at [^\n]*/.exec(error.stack ?? "")?.[0].trim() ?? ""}`
      : String(error);
  }
}

/**
 * What is held, and not what is still to be cleared away: V8 sweeps after a collection in threads of its own, and
 * counts the memory of a dead buffer until it has. After one collection Node 24 counted up to 22 MB too much, after a
 * second one nothing.
 */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let least = Infinity;
  for (let count = 0; count < COLLECTIONS; count++) {
    collect();
    const { used_heap_size: used, external_memory: external } = getHeapStatistics();
    least = Math.min(least, used + external);
  }
  return least;
}
