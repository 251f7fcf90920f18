import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import type { Log } from "../../hal/boards/main.js";
import { describeReport } from "../fault/broker.js";
import type { CutPlan } from "../fault/chip.js";
import { contentOf, fileWith, type FirmwareFile } from "../fault/files.js";
import { ANSWERS, CONNECTIONS } from "../fault/harms.js";
import { run } from "../fault/run.js";
import type { FileName, HttpAnswer, Scenario } from "../fault/scenario.js";
import { SimChip } from "../fault/sim-chip.js";
import { packageFor, withRecord } from "../support/package-variants.js";
import { SeededRandom } from "../support/seed.js";
import { successorImage } from "../support/successor-image.js";

/** A board that is taken from version to version. */
export interface Chain {
  /** Count of updates by a delta, and by the whole image after the delta was refused or reverted. */
  readonly deltas: number;
  readonly whole: number;
  readonly boots: number;
  readonly requests: number;
  /** Runs in the end. */
  readonly version: string;
  /** Why it is not the last one. */
  readonly reason: string | undefined;
  readonly violations: readonly string[];
}

export const VERSIONS: readonly string[] = Array.from({ length: 11 }, (_, index) => `0.${index + 1}.0`);
/** Blocks in an image. */
const [LEAST, MOST] = [5, 14];
const BLOCK_LENGTH = 4096;
/** Histories of images, which are the same in each process. */
const HISTORIES = 3;

/** What a hostile server sends instead of packages. Another sound package of the same length is what no board finds. */
const HOSTILE: readonly HttpAnswer[] = [
  { file: "hostile" },
  { file: "hostile", fields: { ETag: null } },
  { file: "strayed" },
  { file: "flipped", fields: { ETag: null } },
  { file: "page", framing: "chunked", fields: { ETag: null } },
];
const SERVED: readonly HttpAnswer[] = [
  ...ANSWERS.filter(
    ([harm, { status, file, fields }]) =>
      !harm.startsWith("-") && status !== 302 && file !== "other" && fields?.["Retry-After"] === undefined,
  ).map(([, answer]) => answer),
  ...HOSTILE,
];

const histories = new Map<number, readonly FirmwareFile[]>();
const files = new Map<string, FirmwareFile>();

/** @returns the images of all versions, each made from the one before it */
function history(number: number): readonly FirmwareFile[] {
  const known = histories.get(number);
  if (known !== undefined) return known;
  const random = new SeededRandom(number);
  const made: FirmwareFile[] = [];
  for (const [index, version] of VERSIONS.entries()) {
    const byteLength = BLOCK_LENGTH * random.integer(LEAST, MOST) + 16 * random.integer(1, 256);
    const base = made.at(-1)?.image;
    const seed = number * 100 + index;
    const options = { version, byteLength, seed };
    made.push(fileWith(version, base === undefined ? buildAppImage(options) : successorImage({ ...options, base })));
  }
  histories.set(number, made);
  return made;
}

/** @returns the delta from one version to the next, with the changes of a hostile server */
function deltaTo(number: number, index: number, content: FileName): FirmwareFile {
  const key = `${number} ${index} ${content}`;
  const known = files.get(key);
  if (known !== undefined) return known;
  const [base, result] = history(number).slice(index - 1, index + 1) as [FirmwareFile, FirmwareFile];
  const from = (bytes: Uint8Array): Uint8Array =>
    packageFor({ bytes: result.image, version: result.version }, { bytes, version: base.version });
  const right = content === "same" ? undefined : deltaTo(number, index, "same").bytes;
  const file = fileWith(
    result.version,
    right === undefined ? from(base.image) : changed(content, right, from),
    result.image,
  );
  files.set(key, file);
  return file;
}

function changed(content: FileName, right: Uint8Array, from: (base: Uint8Array) => Uint8Array): Uint8Array {
  switch (content) {
    case "hostile":
      return withRecord(right, 0, 0xff);
    case "strayed":
      return from(new SeededRandom(1).bytes(5 * BLOCK_LENGTH));
    case "flipped":
      return flipped(right);
    case "longer":
      return new Uint8Array([...right, ...new Uint8Array(16)]);
    default:
      return contentOf("0.0.1", right.byteLength, content);
  }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const at = Math.floor(bytes.byteLength * 0.6);
  return bytes.with(at, (bytes[at] as number) ^ 4);
}

/** @returns the whole image, with the changes of a hostile server */
function wholeOf(file: FirmwareFile, content: FileName): FirmwareFile {
  if (content === "same") return file;
  if (content === "flipped") return fileWith(file.version, flipped(file.image), file.image);
  if (content === "longer") return fileWith(file.version, new Uint8Array([...file.image, ...new Uint8Array(16)]));
  const bytes = new SeededRandom(2).bytes(file.image.byteLength);
  return fileWith(file.version, content === "page" ? contentOf(file.version, bytes.byteLength, content) : bytes);
}

/** Takes a board from the first version to the last one: by deltas, and by the whole image if one of them fails. */
export function chain(seed: number, log?: Log): Chain {
  const random = new SeededRandom(seed);
  const number = random.integer(0, HISTORIES);
  const images = history(number);
  const calm = random.integer(1, 5);
  let cutPlan: CutPlan = () => undefined;
  let running = images[0] as FirmwareFile;
  const chip = new SimChip({ factory: running.image, cutPlan: (kind, index) => cutPlan(kind, index) });
  const totals = { deltas: 0, whole: 0, boots: 0, requests: 0 };
  const violations: string[] = [];
  let reason: string | undefined;
  for (let index = 1; index < images.length && reason === undefined; index++) {
    const image = images[index] as FirmwareFile;
    for (const how of ["deltas", "whole"] as const) {
      const record = run({
        scenario: scenarioOf(image.version, random, calm),
        running,
        log,
        seed: random.integer(0, 0x7fffffff),
        files: (version, content) => {
          if (version !== image.version) return undefined;
          return how === "deltas" ? deltaTo(number, index, content) : wholeOf(image, content);
        },
        makeChip: (options) => {
          cutPlan = options.cutPlan;
          return chip;
        },
      });
      totals.boots += record.boots;
      totals.requests += record.requests.length;
      violations.push(...record.violations.map((what) => `${image.version}, ${how}: ${what}`));
      if (record.version === image.version) {
        totals[how]++;
        running = image;
        reason = undefined;
        break;
      }
      const result = record.jobs.at(-1)?.results.at(-1);
      reason = result === undefined ? "no report" : describeReport(result);
      if (!/^fail -[1-5] ./.test(reason)) violations.push(`${image.version} is not there, and ${reason} is reported`);
    }
  }
  if (reason === undefined && running !== images.at(-1)) violations.push(`ends on ${running.version} without a reason`);
  return { ...totals, version: running.version, reason, violations };
}

/** @param calm the higher, the fewer faults */
function scenarioOf(version: string, random: SeededRandom, calm: number): Scenario {
  const some = <Item>(items: readonly Item[], most: number): Item[] =>
    Array.from({ length: random.integer(0, most + 1) }, () => items[random.integer(0, items.length)] as Item);
  return {
    name: version,
    version,
    packed: "delta",
    http: random.integer(0, calm) === 0 ? some(SERVED, 5) : [],
    mqtt: random.integer(0, calm) === 0 ? some(CONNECTIONS, 2) : [],
    cuts: Array.from({ length: random.integer(0, 4) }, () => ({
      operation: random.integer(0, 25),
      mode: random.integer(0, 6),
    })),
  };
}
