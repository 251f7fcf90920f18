import { closeSync, openSync, writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FlashMedium } from "../../hal/boards/sim/nor-flash.js";
import type { CutPlan } from "../fault/chip.js";
import type { FirmwareFile } from "../fault/files.js";
import { ANSWERS, CONNECTIONS } from "../fault/harms.js";
import { factoryFile, run, type RunRecord } from "../fault/run.js";
import type { Scenario } from "../fault/scenario.js";
import { SimChip } from "../fault/sim-chip.js";
import { SeededRandom } from "../support/seed.js";

export interface SoakOptions {
  /** Path of the flash file, which is written anew. */
  readonly path: string;
  readonly updates: number;
  readonly seed: number;
  onUpdate?(done: number): void;
}

export interface Wear {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

export interface SoakFigures {
  readonly updates: number;
  /** Count of jobs that went back to the firmware before: a cut during the trial is a revert. */
  readonly reverted: number;
  readonly boots: number;
  readonly requests: number;
  /** Erases of each block of a slot. */
  readonly erases: { readonly ota_0: Wear; readonly ota_1: Wear };
  readonly otherErases: { readonly nvs: number; readonly otadata: number };
  readonly keyValueWrites: number;
  /** Bytes after a collection, once all is warm and in the end. */
  readonly heapStart: number;
  readonly heapEnd: number;
  readonly violations: readonly string[];
}

const WARM_UP = 5;
/** The engine's compiled code grows by 1 or 2 MiB; one agent kept for each boot would be tens of MiB. */
const HEAP_GROWTH_LIMIT = 4 * 1024 * 1024;
const LINE_LENGTH = 16;
/** Bound for the erases of the slots' blocks: more than this is not level. */
const WEAR_RATIO = 1.5;

/** Updates in a row on one flash file, with cuts and faults, each from the version that runs to a new one. */
export function soak({ path, updates, seed, onUpdate }: SoakOptions): SoakFigures {
  const random = new SeededRandom(seed);
  const medium = fileMedium(path);
  let cutPlan: CutPlan = () => undefined;
  let running: FirmwareFile = factoryFile();
  const chip = new SimChip({ factory: running.bytes, cutPlan: (kind, index) => cutPlan(kind, index), medium });
  const totals = { boots: 0, requests: 0, reverted: 0 };
  const violations: string[] = [];
  let heapStart = heapAfterCollection();
  for (let update = 1; update <= updates; update++) {
    const scenario = scenarioOf(`1.0.${update}`, chip.slotLength, random);
    const record = run({
      scenario,
      running,
      seed: random.integer(0, 0x7fffffff),
      makeChip: (options) => {
        cutPlan = options.cutPlan;
        return chip;
      },
    });
    for (const what of [...record.violations, ...wrongEnd(record, scenario)]) {
      violations.push(`update ${update}: ${what}`);
    }
    totals.boots += record.boots;
    totals.requests += record.requests.length;
    if (record.version === scenario.version) running = record.jobs[0]?.file ?? running;
    else totals.reverted++;
    if (update === WARM_UP) heapStart = heapAfterCollection();
    onUpdate?.(update);
  }
  medium.close();
  const [first, second] = chip.wear.map(wearOf) as [Wear, Wear];
  const heapEnd = heapAfterCollection();
  if (heapEnd - heapStart > HEAP_GROWTH_LIMIT) violations.push(`the heap grew by ${heapEnd - heapStart} bytes`);
  if (Math.max(first.sum, second.sum) > WEAR_RATIO * Math.min(first.sum, second.sum)) {
    violations.push(`wear is not level: ${first.sum} and ${second.sum} erases`);
  }
  return {
    updates,
    ...totals,
    erases: { ota_0: first, ota_1: second },
    otherErases: { nvs: chip.otherErases.record, otadata: chip.otherErases.entry },
    keyValueWrites: chip.keyValueWrites,
    heapStart,
    heapEnd,
    violations,
  };
}

/** Faults that cost tries but never the job; cuts may cost the trial. */
function scenarioOf(version: string, slotLength: number, random: SeededRandom): Scenario {
  const harmless = ANSWERS.filter(
    ([harm, { fields }]) => harm === "none" || (harm === "try" && fields?.["Retry-After"] === undefined),
  );
  const some = <Item>(items: readonly Item[], most: number): Item[] =>
    Array.from({ length: random.integer(0, most + 1) }, () => items[random.integer(0, items.length)] as Item);
  return {
    name: version,
    version,
    size: LINE_LENGTH * random.integer(slotLength / 2 / LINE_LENGTH, slotLength / LINE_LENGTH + 1),
    http: some(harmless, 4).map(([, answer]) => (answer.status === 302 ? {} : answer)),
    mqtt: some(CONNECTIONS, 2),
    cuts: Array.from({ length: random.integer(0, 3) }, () => ({
      operation: random.integer(0, 60),
      mode: random.integer(0, 6),
    })),
  };
}

/** The other possible end of a job: the old image runs again, after a cut while the new one was on trial. */
function wrongEnd(record: RunRecord, { version, cuts = [] }: Scenario): string[] {
  const result = record.jobs[0]?.results[0] ?? "";
  if (record.version === version && result.includes('"done"')) return [];
  return cuts.length > 0 && /restarted during its trial, reverted/.test(result)
    ? []
    : [`ends with ${record.version} and ${result}`];
}

function wearOf(erases: Uint32Array): Wear {
  return { min: Math.min(...erases), max: Math.max(...erases), sum: erases.reduce((sum, count) => sum + count, 0) };
}

function fileMedium(path: string): FlashMedium {
  const descriptor = openSync(path, "w");
  return {
    write: (bytes, address) => void writeSync(descriptor, bytes, 0, bytes.byteLength, address),
    close: () => closeSync(descriptor),
  };
}

function heapAfterCollection(): number {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
