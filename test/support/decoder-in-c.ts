import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { BLOCK_LENGTH } from "../../src/package/format.js";
import { isStored, type PackageHeader, recordLength } from "../../src/package/header-reader.js";
import { ROOT } from "./root.js";
import { readHeader } from "./unpack.js";

const CHIP = join(ROOT, "hal", "boards", "esp32");
const SOURCES = [join(ROOT, "test", "fixtures", "esp32", "decode.c"), join(CHIP, "block-decoder.c")];
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O1", "-I", CHIP];
/** What is read or written outside of its memory ends the program. */
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover", "-g"];
const CALLGRIND = ["--tool=callgrind", "--toggle-collect=ota_make_block", "--callgrind-out-file=/dev/null"];
/** Status, length. */
const HEAD_LENGTH = 5;
const MOST_OUTPUT = 1 << 26;

/** What came of a record. */
export type Outcome = { readonly bytes: Uint8Array } | { readonly malformed: string } | { readonly unread: true };

/** The C decoder of the board, compiled for this machine: see test/fixtures/esp32/decode.c. */
export class DecoderInC {
  readonly #folder = mkdtempSync(join(tmpdir(), "decode-c-"));
  readonly #program = join(this.#folder, "decode");

  /** @throws Error without a compiler, or with what the compiler says */
  constructor() {
    const args = [...FLAGS, ...SANITIZERS, ...SOURCES, "-o", this.#program];
    const { status, stderr, error } = spawnSync("cc", args, { encoding: "utf8" });
    if (error !== undefined) throw new Error("no C compiler: install build-essential", { cause: error });
    if (status !== 0) throw new Error(stderr);
  }

  /** @throws Error with what the sanitizers say */
  run(commands: readonly Uint8Array[]): Outcome[] {
    const { status, stdout, stderr } = spawnSync(this.#program, {
      input: Buffer.concat(commands),
      maxBuffer: MOST_OUTPUT,
    });
    if (status !== 0) throw new Error(`block-decoder.c: ${stderr.toString()}`);
    const outcomes: Outcome[] = [];
    for (let at = 0; at < stdout.byteLength; ) {
      const end = at + HEAD_LENGTH + stdout.readUInt32LE(at + 1);
      outcomes.push(outcomeOf(stdout.subarray(at, end)));
      at = end;
    }
    return outcomes;
  }

  /** A program that takes one command after the other. It ends with this process. */
  start(): RunningDecoder {
    return new RunningDecoder(this.#program);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export class RunningDecoder {
  readonly #child: ChildProcess;
  readonly #untold: Uint8Array[] = [];
  #taken = Buffer.alloc(0);
  #waiting: { resolve(outcome: Outcome): void; reject(error: Error): void } | undefined;
  #output = "";

  constructor(program: string) {
    this.#child = spawn(program, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (bytes: Buffer) => this.#take(bytes));
    this.#child.stderr?.on("data", (bytes: Buffer) => (this.#output += bytes.toString()));
    this.#child.stdin?.on("error", () => undefined);
    this.#child.on("close", () => this.#waiting?.reject(new Error(`block-decoder.c: ${this.#output}`)));
    this.#hold(false);
  }

  /** Commands without an answer. They go out with the next one that has an answer. */
  tell(...commands: readonly Uint8Array[]): void {
    this.#untold.push(...commands);
  }

  /** @throws Error (rejects) with what the sanitizers say */
  decode(command: Uint8Array): Promise<Outcome> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error(`block-decoder.c: ${this.#output}`));
    return new Promise((resolve, reject) => {
      this.#hold(true);
      this.#waiting = { resolve, reject };
      this.#child.stdin?.write(Buffer.concat([...this.#untold.splice(0), command]));
    });
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #take(bytes: Buffer): void {
    this.#taken = Buffer.concat([this.#taken, bytes]);
    if (this.#taken.byteLength < HEAD_LENGTH) return;
    const end = HEAD_LENGTH + this.#taken.readUInt32LE(1);
    if (this.#taken.byteLength < end) return;
    const outcome = outcomeOf(this.#taken.subarray(0, end));
    this.#taken = this.#taken.subarray(end);
    this.#hold(false);
    this.#waiting?.resolve(outcome);
  }

  /** Whether this process stays for the child. */
  #hold(stays: boolean): void {
    for (const end of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      const held = end as (ChildProcess | Readable | Writable) & { ref?(): void; unref?(): void };
      if (stays) held.ref?.();
      else held.unref?.();
    }
  }
}

function outcomeOf(answer: Buffer): Outcome {
  const bytes = answer.subarray(HEAD_LENGTH);
  if (answer[0] === 0) return { bytes: new Uint8Array(bytes) };
  return answer[0] === 1 ? { malformed: bytes.toString() } : { unread: true };
}

export function baseCommand(base: Uint8Array): Uint8Array {
  return command("B", [base.byteLength], base);
}

export function roomCommand(byteLength: number): Uint8Array {
  return command("R", [byteLength]);
}

export function pieceCommand(byteOffset: number, bytes: Uint8Array): Uint8Array {
  return command("P", [byteOffset, bytes.byteLength], bytes);
}

export function unreadableCommand(byteOffset: number): Uint8Array {
  return command("U", [byteOffset]);
}

export function codesCommand({
  tables,
  dictionary,
  base,
}: Pick<PackageHeader, "tables" | "dictionary" | "base">): Uint8Array {
  const codes = [new Uint8Array(tables.buffer), new Uint8Array(dictionary.buffer)];
  return Buffer.concat([Buffer.from("T"), ...codes, numbers([base?.length ?? 0])]);
}

export function decodeCommand(record: Uint8Array, byteOffset: number, end: number): Uint8Array {
  return command("D", [record.byteLength, end, byteOffset], record);
}

function command(letter: string, values: readonly number[], bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return Buffer.concat([Buffer.from(letter), numbers(values), bytes]);
}

function numbers(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** What the program is told to make the result of a package. */
export interface PackageCommands {
  readonly commands: readonly Uint8Array[];
  /** Holds the blocks that are stored as they are. */
  readonly result: Uint8Array;
  /** Where the block of each answer begins in the result. */
  readonly decoded: readonly number[];
}

export function packageCommands(bytes: Uint8Array, base: Uint8Array): PackageCommands {
  const header = readHeader(bytes);
  const commands = [baseCommand(base), roomCommand(header.resultLength), codesCommand(header)];
  const result = new Uint8Array(header.resultLength);
  const decoded: number[] = [];
  let offset = header.headerLength;
  for (let number = 0; number < header.blocks; number++) {
    const record = bytes.subarray(offset, offset + recordLength(header.index, number));
    const start = number * BLOCK_LENGTH;
    if (isStored(header.index, number)) {
      commands.push(pieceCommand(start, record));
      result.set(record, start);
    } else {
      commands.push(decodeCommand(record, start, Math.min(BLOCK_LENGTH, header.resultLength - start)));
      decoded.push(start);
    }
    offset += record.byteLength;
  }
  return { commands, result, decoded };
}

/** Makes the result of a package in C. @throws Error with the reason of the first record that is malformed */
export function unpackInC(decoder: DecoderInC, bytes: Uint8Array, base: Uint8Array): Uint8Array {
  const { commands, result, decoded } = packageCommands(bytes, base);
  for (const [index, outcome] of decoder.run(commands).entries()) {
    if (!("bytes" in outcome)) throw new Error("malformed" in outcome ? outcome.malformed : "unread");
    result.set(outcome.bytes, decoded[index]);
  }
  return result;
}

/**
 * Counts what the decoder takes of this machine's instructions for a package, with what it copies from flash:
 * compiled as for a chip, without the sanitizers, under valgrind's callgrind.
 *
 * @returns `undefined` if valgrind is not installed
 * @throws Error without a compiler, or with what the programs say
 */
export function countInstructions(bytes: Uint8Array, base: Uint8Array): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), "count-c-"));
  try {
    const program = join(folder, "decode");
    const built = spawnSync("cc", [...FLAGS, "-O2", ...SOURCES, "-o", program], { encoding: "utf8" });
    if (built.status !== 0) throw built.error ?? new Error(built.stderr);
    const input = Buffer.concat(packageCommands(bytes, base).commands);
    const { error, stderr } = spawnSync("valgrind", [...CALLGRIND, program], { input, maxBuffer: MOST_OUTPUT });
    if ((error as { code?: string } | undefined)?.code === "ENOENT") return undefined;
    const counted = /Collected : ([0-9]+)/.exec(stderr.toString())?.[1];
    if (counted === undefined) throw error ?? new Error(stderr.toString());
    return Number(counted);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
