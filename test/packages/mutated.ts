import { fileWith } from "../fault/files.js";
import { packedFactory, packedFileOf } from "../fault/packed-files.js";
import { run } from "../fault/run.js";
import { SimChip } from "../fault/sim-chip.js";
import { NEW } from "../fault/files.js";
import type { Log } from "../../hal/boards/main.js";
import { describeReport } from "../fault/broker.js";
import { SeededRandom } from "../support/seed.js";
import { MUTATIONS } from "./mutations.js";

/** One update of a simulated board by a package that was changed. */
export interface MutatedRun {
  readonly mutation: string;
  /** How it ended, as reported. */
  readonly end: string;
  readonly violations: readonly string[];
}

const IMAGE_LENGTH = 11 * 4096 + 1040;
/** Whatever is wrong with a package, finding it out is not left to the boot loader, nor is it taken for the flash's. */
const UNSEEN = /set pending|flash/;

/** The run is a function of its seed. Changes on the way keep the offered MD5; what is offered so has its own. */
export function mutatedRun(seed: number, log?: Log): MutatedRun {
  const random = new SeededRandom(seed);
  const names = Object.keys(MUTATIONS);
  const mutation = names[random.integer(0, names.length)] as string;
  const packing = random.fraction() < 0.7 ? "delta" : "compressed";
  const right = packedFileOf({ packing, version: NEW, byteLength: IMAGE_LENGTH, content: "same" });
  const bytes = MUTATIONS[mutation]?.(random, right.bytes) ?? right.bytes;
  const hostile = { ...fileWith(NEW, bytes, right.image), ...(random.fraction() < 0.3 ? { md5: right.md5 } : {}) };
  const record = run({
    scenario: {
      name: mutation,
      packed: packing,
      http: random.fraction() < 0.5 ? [] : [{ breaks: { in: "body", share: random.fraction(), then: "end" } }],
      cuts: Array.from({ length: random.integer(0, 3) }, () => ({
        operation: random.integer(0, 12),
        mode: random.integer(0, 6),
      })),
    },
    seed,
    log,
    running: packedFactory(),
    files: () => hostile,
    makeChip: (options) => new SimChip(options),
  });
  const reports = record.jobs.flatMap(({ results }) => results.map(describeReport));
  const end = reports.at(-1) ?? "no report";
  const violations = [...record.violations];
  if (UNSEEN.test(end)) violations.push(`not found in the package: ${end}`);
  if ((record.version === NEW) !== (end === "done")) violations.push(`${record.version} runs, and ${end} is reported`);
  return { mutation, end, violations };
}
