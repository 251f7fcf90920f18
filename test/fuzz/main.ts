import { Command, InvalidArgumentError } from "commander";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Worker } from "node:worker_threads";
import { count, EXIT_FAILED, positiveCount, positiveSeconds, runProgram, UsageError } from "../../cli/command-line.js";
import { ROOT } from "../support/root.js";
import { type Figures, fuzzInput, violationOf, type Violation } from "./engine.js";
import { isOfWholeRun, repeatCommand } from "./repeat.js";
import type { Target } from "./target.js";
import { TARGETS } from "./targets/index.js";
import type { Task } from "./worker.js";

interface Options {
  readonly seconds?: number;
  readonly inputs?: number;
  readonly seed?: number;
  readonly target?: string;
  readonly workers: number;
  readonly replay?: string;
  readonly save?: true;
}

const DEFAULT_INPUTS = 1_000_000;
/** An input that takes longer counts as endless. */
const HANG_MS = 20_000;
const HEAP_LIMIT_MIB = 256;
const FIXTURES = join(ROOT, "test/fixtures/fuzz");

const program = new Command("npm run test:fuzz --")
  .description("Broken and hostile bytes for everything that reads bytes from outside. The last line is JSON.")
  .option("--inputs <n>", `how many; default ${DEFAULT_INPUTS}, or as many as --seconds allows`, positiveCount)
  .option("--seconds <n>", "stop after so long", positiveSeconds)
  .option("--seed <n>", "default: another one each time", count)
  .option("--target <name>", `one of ${TARGETS.map(({ name }) => name).join(", ")}; default: all`, targetName)
  .option("--workers <n>", "threads", positiveCount, 2)
  .option("--replay <id>", "repeat one input: TARGET:SEED:INDEX, or a file of test/fixtures/fuzz")
  .option("--save", "keep each input that breaks something as a fixture")
  .action(main);

await runProgram(program);

async function main(options: Options): Promise<void> {
  if (options.replay !== undefined) {
    await replay(options.replay);
    return;
  }
  const began = process.hrtime.bigint();
  const seed = (options.seed ?? Math.random() * 0x100000000) >>> 0;
  const { inputs, violations } = await fuzzAll(options, seed);
  for (const { id, what } of violations) {
    say(`violation ${id}: ${inOneLine(what)}`);
    if (options.save === true) save(id);
  }
  if (violations[0] !== undefined) {
    say(
      `repeat it: ${repeatCommand(violations[0].id, { seed, inputs, workers: options.workers, target: options.target })}`,
    );
  }
  const seconds = Math.round(Number(process.hrtime.bigint() - began) / 1e9);
  say(JSON.stringify({ inputs, seconds, violations: violations.length, seed }));
  if (violations.length > 0) process.exitCode = EXIT_FAILED;
}

async function fuzzAll(options: Options, seed: number): Promise<Figures> {
  const { workers, target, seconds = Infinity } = options;
  const inputs = options.inputs ?? (options.seconds === undefined ? DEFAULT_INPUTS : Infinity);
  const targets = TARGETS.filter(({ name }) => target === undefined || name === target).map(({ name }) => name);
  const parts = await Promise.all(
    Array.from({ length: workers }, (_, part) => {
      const share = Number.isFinite(inputs) ? Math.floor(inputs / workers) + (part < inputs % workers ? 1 : 0) : inputs;
      return runWorker({
        targets,
        seed,
        inputs: share,
        seconds,
        part,
        of: workers,
        place: new Int32Array(new SharedArrayBuffer(12)),
      });
    }),
  );
  return {
    inputs: parts.reduce((sum, part) => sum + part.inputs, 0),
    violations: parts.flatMap((part) => part.violations),
  };
}

function runWorker(task: Task): Promise<Figures> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MIB },
    });
    const lost = (what: string): void => {
      const [target = 0, index = 0, beat = 0] = task.place;
      resolve({ inputs: beat, violations: [{ id: `${task.targets[target]}:${task.seed}:${index}`, what }] });
    };
    let last = -1;
    const watchdog = setInterval(() => {
      const beat = Atomics.load(task.place, 2);
      if (beat === last) {
        lost(`no end after ${HANG_MS} ms`);
        void worker.terminate();
      }
      last = beat;
    }, HANG_MS);
    worker.once("message", resolve);
    worker.once("error", (error) => lost(String(error)));
    worker.once("exit", () => {
      clearInterval(watchdog);
      lost("the thread ended");
    });
  });
}

async function replay(id: string): Promise<void> {
  const { target, input } = inputNamed(id);
  say(
    `${target.name}, ${input.byteLength} bytes: ${JSON.stringify(Buffer.from(input.subarray(0, 400)).toString("latin1"))}`,
  );
  const what = await violationOf(target, input);
  say(what === undefined ? "no violation" : `violation: ${inOneLine(what)}`);
  if (what !== undefined) process.exitCode = EXIT_FAILED;
}

function inOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}

function inputNamed(id: string): { target: Target; input: Uint8Array } {
  const match = /^([a-z-]+):([0-9]+):([0-9]+)$/.exec(id);
  const path = existsSync(id) ? id : join(FIXTURES, id);
  if (match === null && !existsSync(path)) throw new UsageError(`neither an id nor a file: ${id}`);
  const name = match?.[1] ?? basename(path).replace(/\..*$/, "");
  const target = TARGETS.find((each) => each.name === name);
  if (isOfWholeRun(id)) {
    throw new UsageError(
      "what is held at the end is of a whole run: repeat that with its --seed, --inputs and --workers",
    );
  }
  if (target === undefined) throw new UsageError(`no such target: ${name}`);
  const input =
    match === null ? new Uint8Array(readFileSync(path)) : fuzzInput(target, Number(match[2]), Number(match[3]));
  return { target, input };
}

function save(id: Violation["id"]): void {
  if (isOfWholeRun(id)) return;
  const { target, input } = inputNamed(id);
  mkdirSync(FIXTURES, { recursive: true });
  const file = join(FIXTURES, `${target.name}.${id.split(":").slice(1).join("-")}.bin`);
  writeFileSync(file, input);
  say(`kept as ${file}`);
}

function targetName(text: string): string {
  if (!TARGETS.some(({ name }) => name === text)) throw new InvalidArgumentError("No such target.");
  return text;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
