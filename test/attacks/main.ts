import { Command, InvalidArgumentError } from "commander";
import { count, EXIT_FAILED, runProgram } from "../../cli/command-line.js";
import { CHIPS, type ChipName } from "../fault/chips.js";
import { ENGINES, type EngineName } from "../fault/engines.js";
import type { Attack } from "./attack.js";
import { cutEverywhere } from "./cuts.js";
import { run } from "./run.js";
import { ATTACKS } from "./table.js";

interface Options {
  readonly engine: EngineName;
  readonly chip: ChipName;
  readonly only?: string;
  readonly cuts?: true;
  readonly modes: number;
  readonly bigint?: true;
  readonly log?: true;
}

const NAME_WIDTH = 72;

const program = new Command("npm run test:attack --")
  .description(
    "Somebody has the broker, the file server and every file that was ever sealed, and tries to get a simulated board " +
      "to boot something else than a newer image by a trusted key. One line for each attack; the last line is JSON.",
  )
  .option("--engine <name>", "node, or xs (the bundle on the real engine)", engineName, "node")
  .option("--chip <name>", "small (512-byte blocks) or sim (as on the ESP32)", chipName, "sim")
  .option("--bigint", "the board has no native code for signatures")
  .option("--only <text>", "attacks whose names contain this")
  .option("--cuts", "each attack once more for each operation, with a power cut inside it")
  .option("--modes <n>", "with --cuts: ways in which each operation is cut, at most", count, 7)
  .option("--log", "what the agent says")
  .action(main);

await runProgram(program);

function main(options: Options): void {
  const attacks = ATTACKS.filter(({ name }) => options.only === undefined || name.includes(options.only));
  let [runs, violations] = [0, 0];
  for (const attack of attacks) {
    const tried = tryOne(attack, options);
    runs += tried.runs;
    violations += tried.violations.length;
    for (const what of tried.violations) say(`violation ${attack.name}: ${what}`);
  }
  say(JSON.stringify({ attacks: attacks.length, runs, violations }));
  if (violations > 0) process.exitCode = EXIT_FAILED;
}

function tryOne(
  attack: Attack,
  { engine, chip, bigint, cuts, modes, log }: Options,
): { runs: number; violations: string[] } {
  const options = { attack, makeChip: CHIPS[chip], engine: ENGINES[engine], native: bigint !== true };
  const tell = (level: string, area: string, message: () => string): void => say(`  ${level} ${area} ${message()}`);
  const record = run({ ...options, log: log === true ? tell : undefined });
  const violations = [...record.violations];
  let runs = 1;
  if (cuts === true) {
    const cut = cutEverywhere({ ...options, modes });
    runs += cut.runs;
    for (const { operation, mode, what } of cut.findings) {
      violations.push(`cut at operation ${operation}, mode ${mode}: ${what.join("; ")}`);
    }
  }
  const how = record.results.map((result) => result.replace(/^fail -5 /, "")).join(", then ");
  say(`${attack.name.padEnd(NAME_WIDTH)} ${how}; runs ${record.version}${runs > 1 ? `, ${runs - 1} cuts` : ""}`);
  return { runs, violations };
}

function engineName(text: string): EngineName {
  if (!Object.hasOwn(ENGINES, text)) throw new InvalidArgumentError("No such engine.");
  return text as EngineName;
}

function chipName(text: string): ChipName {
  if (!Object.hasOwn(CHIPS, text)) throw new InvalidArgumentError("No such chip.");
  return text as ChipName;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
