import { Command, InvalidArgumentError } from "commander";
import { Worker } from "node:worker_threads";
import { count, EXIT_FAILED, runProgram, UsageError } from "../../cli/command-line.js";
import type { Figures, Violation } from "./closure.js";
import { parseId, replay } from "./replay.js";
import { SCENES } from "./scenes.js";
import type { Task } from "./worker.js";

/** 200 states take seconds: a thread that reports nothing for so long computes without end. */
const PATIENCE_MS = 300_000;

interface Options {
  readonly replay?: string;
  readonly scene?: string;
  readonly faultEvery: number;
  readonly maxTransitions: number;
  readonly workers: number;
}

const program = new Command("npm run test:crash --")
  .description("Every state that power cuts can bring about, to the fixpoint. The last line is JSON.")
  .option("--replay <id>", "repeat the run that an id names, step by step")
  .option("--scene <name>", `one of ${SCENES.map(({ name }) => name).join(", ")}; default: all`, sceneName)
  .option("--fault-every <n>", "inject silent faults at each operation of every nth state; 0: none", count, 20)
  .option("--max-transitions <n>", "stop a scene after so many", count, 10_000_000)
  .option("--workers <n>", "threads", count, 2)
  .action(main);

await runProgram(program);

async function main(options: Options): Promise<void> {
  if (options.replay !== undefined) replayOne(options.replay);
  else await exploreAll(options);
}

function replayOne(id: string): void {
  const found = parseId(id);
  if (found === undefined) throw new UsageError(`no such id: ${id}`);
  const broken = replay(found.scene, found.steps, say);
  for (const what of broken) say(`violation: ${what}`);
  if (broken.length > 0) process.exitCode = EXIT_FAILED;
  else say("no violation");
}

async function exploreAll({ scene, faultEvery, maxTransitions, workers }: Options): Promise<void> {
  const began = process.hrtime.bigint();
  const tasks = SCENES.filter(({ name }) => scene === undefined || name === scene).map(({ name }) => ({
    scene: name,
    faultEvery,
    maxTransitions,
  }));
  const total = { states: 0, transitions: 0, faults: 0 };
  const violations: Violation[] = [];
  const next = async (): Promise<void> => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const figures = await runWorker(task);
      say(
        `${task.scene.padEnd(10)} ${figures.states} states, ${figures.transitions} transitions, ${figures.faults} faults, ${figures.violations.length} violations${figures.complete ? "" : ", stopped before the fixpoint"}`,
      );
      total.states += figures.states;
      total.transitions += figures.transitions;
      total.faults += figures.faults;
      violations.push(...figures.violations);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, next));
  for (const { id, what } of violations) say(`violation ${id}: ${what}`);
  if (violations[0] !== undefined) say(`repeat it: npm run test:crash -- --replay ${violations[0].id}`);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { states, transitions } = total;
  say(
    JSON.stringify({
      states,
      transitions: transitions + total.faults,
      seconds: Math.round(seconds),
      violations: violations.length,
    }),
  );
  if (violations.length > 0) process.exitCode = EXIT_FAILED;
}

function runWorker(task: Task): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: task });
    const hangs = (): void => {
      reject(new Error(`${task.scene} hangs: nothing for ${PATIENCE_MS / 1000} s`));
      void worker.terminate();
    };
    let patience = setTimeout(hangs, PATIENCE_MS);
    worker.on("message", (message: Figures | "progress") => {
      clearTimeout(patience);
      if (message === "progress") patience = setTimeout(hangs, PATIENCE_MS);
      else resolve(message);
    });
    worker.once("error", reject);
    worker.once("exit", (code) => {
      clearTimeout(patience);
      reject(new Error(`the thread of ${task.scene} ended with ${code}`));
    });
  });
}

function sceneName(text: string): string {
  if (!SCENES.some(({ name }) => name === text)) throw new InvalidArgumentError("No such scene.");
  return text;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
