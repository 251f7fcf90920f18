import { randomBytes } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { FaultSpec } from "../../cloud/faults/fault.js";
import { parseFaults } from "../../cloud/faults/parse.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { createBoard, holdsBoard, makeFolder } from "../../hal/boards/sim/state-dir.js";
import { UsageError } from "../command-line.js";
import { readJson, writeBytes, writeSecret } from "../files.js";
import { BAD_VERSION, demoFlash, imageOf } from "./firmware.js";
import { DEFAULT_BOARDS, type FactoryVersion, MAX_BOARDS, MIN_BOARDS, rosterOf, type Roster } from "./roster.js";

const RECORD_FILE = "demo.json";
/** The same bench for everybody who does not ask for another one. */
const DEFAULT_SEED = 1;
const GOOD_VERSION = "0.2.0";

/** What the folder keeps of a demo besides the flash of its boards. */
interface DemoRecord {
  readonly boards: number;
  readonly seed: number;
  /** Secret of each device, in base64. */
  readonly secrets: { readonly [name: string]: string };
  /** The faults of the demo's product, as they were last. */
  readonly faults: readonly FaultSpec[];
  /** Boards without power. */
  readonly off: readonly string[];
}

/** A demo as it was asked for: what is absent is as it was, or the default. */
export interface DemoChoice {
  readonly boards: number | undefined;
  readonly seed: number | undefined;
}

/** The folder of a demo. Another start on it goes on where the last one ended. */
export class DemoFolder {
  readonly path: string;
  readonly roster: Roster;
  #record: DemoRecord;

  private constructor(path: string, record: DemoRecord) {
    this.path = path;
    this.#record = record;
    this.roster = rosterOf(record.boards, record.seed);
  }

  /**
   * Opens the folder, or makes it, with the flash of each board and the files to upload.
   *
   * @throws UsageError if it holds another demo, or something else
   */
  static open(path: string, choice: DemoChoice): DemoFolder {
    const file = join(path, RECORD_FILE);
    const record = existsSync(file) ? readRecord(file) : newRecord(choice);
    for (const key of ["boards", "seed"] as const) {
      const asked = choice[key];
      if (asked === undefined || asked === record[key]) continue;
      throw new UsageError(
        `${path} is a demo with ${record.boards} boards and seed ${record.seed}: ask for that, or choose another --state`,
      );
    }
    const folder = new DemoFolder(path, record);
    makeFolder(path);
    folder.#store();
    folder.#makeBoards();
    folder.#makeFiles();
    return folder;
  }

  get seed(): number {
    return this.#record.seed;
  }

  /** What goes wrong on the bench now. */
  get faults(): readonly FaultSpec[] {
    return this.#record.faults;
  }

  get off(): readonly string[] {
    return this.#record.off;
  }

  /** The firmware that a tester uploads: a good one, and one that fails its self test. */
  get files(): { readonly good: string; readonly bad: string } {
    return { good: this.#fileOf(GOOD_VERSION), bad: this.#fileOf(BAD_VERSION) };
  }

  secretOf(name: string): string {
    return this.#record.secrets[name] as string;
  }

  /** @returns the folder of a board's flash */
  boardFolder(name: string): string {
    return join(this.path, "boards", name);
  }

  /** Keeps what has changed on the bench. */
  keep(bench: Pick<DemoRecord, "faults" | "off">): void {
    this.#record = { ...this.#record, ...bench };
    this.#store();
  }

  #store(): void {
    const path = join(this.path, RECORD_FILE);
    writeSecret(`${path}.new`, `${JSON.stringify(this.#record, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  }

  #makeBoards(): void {
    const flashes = new Map<FactoryVersion, NorFlash>();
    for (const { name, version } of this.roster.boards) {
      const folder = this.boardFolder(name);
      if (holdsBoard(folder)) continue;
      const flash = flashes.get(version) ?? demoFlash(imageOf(version));
      flashes.set(version, flash);
      createBoard(folder, flash);
    }
  }

  #makeFiles(): void {
    makeFolder(join(this.path, "firmware"));
    for (const version of [GOOD_VERSION, BAD_VERSION]) writeBytes(this.#fileOf(version), imageOf(version));
  }

  #fileOf(version: string): string {
    return join(this.path, "firmware", `demo-lamp-${version}.bin`);
  }
}

function newRecord({ boards = DEFAULT_BOARDS, seed = DEFAULT_SEED }: DemoChoice): DemoRecord {
  const { boards: entries, faults } = rosterOf(boards, seed);
  const secrets = Object.fromEntries(entries.map(({ name }) => [name, randomBytes(16).toString("base64")]));
  return { boards, seed, secrets, faults, off: [] };
}

/** @throws UsageError that names the file and never quotes a secret */
function readRecord(path: string): DemoRecord {
  const record = readJson(path) as DemoRecord | null;
  const isCount = (value: unknown, least: number, most: number): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (
    typeof record === "object" &&
    record !== null &&
    isCount(record.boards, MIN_BOARDS, MAX_BOARDS) &&
    isCount(record.seed, 0, 0xffffffff) &&
    Array.isArray(record.off) &&
    rosterOf(record.boards, record.seed).boards.every(({ name }) => typeof record.secrets?.[name] === "string")
  ) {
    return { ...record, faults: parseFaults(record.faults) };
  }
  throw new UsageError(`${path} is damaged: delete its folder, and the demo begins anew`);
}
