import { Command, InvalidArgumentError } from "commander";
import { count, EXIT_FAILED, runProgram } from "../../cli/command-line.js";
import { check } from "./check.js";
import { CHIPS, type ChipName } from "./chips.js";
import { ENGINES, type EngineName } from "./engines.js";
import { judge } from "./judge.js";
import { run } from "./run.js";
import { packedBehaviours } from "./packed-table.js";
import type { Behaviour, Packing } from "./scenario.js";
import { HTTP_BEHAVIOURS, MQTT_BEHAVIOURS } from "./table.js";

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly path?: string;
  readonly only?: string;
  readonly chip?: ChipName;
  readonly engine: EngineName;
  readonly packed?: Packing;
  readonly log?: true;
}

const TABLE: readonly Behaviour[] = [...HTTP_BEHAVIOURS, ...MQTT_BEHAVIOURS];

const program = new Command("npm run test:fault --")
  .description("The table of HTTP and MQTT behaviours, then random schedules of faults. The last line is JSON.")
  .option(
    "--seed <n>",
    "of the random schedules; default: another one each time",
    seed,
    (Math.random() * 0x7fffffff) | 0,
  )
  .option("--runs <n>", "random schedules", count, 2000)
  .option("--path <path>", "with --seed: repeat the one schedule that a failing run named")
  .option("--only <name>", "the one behaviour of the table with this name, and no schedules", behaviourName)
  .option("--chip <name>", "for the table: small (512-byte blocks) or sim (as on the ESP32); default: both", chipName)
  .option(
    "--engine <name>",
    "for the table: node, or xs (the bundle on the real engine; no schedules)",
    engineName,
    "node",
  )
  .option("--packed <how>", "for the table: files are packages, delta or compressed (sim chip; no schedules)", packing)
  .option("--log", "with --only: what the agent says, and the platform hears")
  .action(main);

await runProgram(program);

function main(options: Options): void {
  const violations = runTable(options);
  const scheduled =
    options.only === undefined && options.engine === "node" && options.packed === undefined
      ? runSchedules(options)
      : { runs: 0, violations: 0 };
  const behaviours =
    options.path !== undefined
      ? 0
      : options.only !== undefined
        ? 1
        : (options.packed === undefined ? TABLE : packedBehaviours(options.packed)).length;
  const total = violations + scheduled.violations;
  say(JSON.stringify({ behaviours, runs: scheduled.runs, violations: total, seed: options.seed }));
  if (total > 0) process.exitCode = EXIT_FAILED;
}

function runTable({ only, chip, engine, log, path, packed }: Options): number {
  if (path !== undefined) return 0;
  let violations = 0;
  const table = packed === undefined ? TABLE : packedBehaviours(packed);
  for (const name of packed !== undefined
    ? (["sim"] as const)
    : chip === undefined
      ? (["small", "sim"] as const)
      : [chip]) {
    let runs = 0;
    for (const behaviour of table) {
      if ((only !== undefined && behaviour.name !== only) || (name !== "small" && behaviour.small === true)) continue;
      runs++;
      const tell =
        log === true
          ? { log: (level: string, area: string, message: () => string) => say(`  ${level} ${area} ${message()}`) }
          : {};
      const record = run({ scenario: behaviour, makeChip: CHIPS[name], seed: 1, engine: ENGINES[engine], ...tell });
      if (log === true) say(`  heard: ${record.words.join(", ")}`);
      for (const what of judge(record, behaviour.ends)) {
        violations++;
        say(`violation ${name} "${behaviour.name}": ${what}`);
        say(
          `repeat it: npm run test:fault --${engine === "node" ? "" : ` --engine ${engine}`} ${packed === undefined ? `--chip ${name}` : `--packed ${packed}`} --only "${behaviour.name}" --log`,
        );
      }
    }
    say(`table      ${runs} behaviours on the ${name} chip, ${engine}${packed === undefined ? "" : `, ${packed}`}`);
  }
  return violations;
}

function runSchedules({ seed: chosen, runs, path }: Options): { runs: number; violations: number } {
  const checked = check({ seed: chosen, runs, path });
  say(`schedules  ${checked.runs} of seed ${chosen}`);
  if (checked.finding === undefined) return { runs: checked.runs, violations: 0 };
  for (const what of checked.finding.what) say(`violation: ${what}`);
  say(`schedule: ${JSON.stringify(checked.finding.schedule)}`);
  say(`repeat it: npm run test:fault -- --seed ${chosen} --path ${checked.finding.path}`);
  return { runs: checked.runs, violations: checked.finding.what.length };
}

function seed(text: string): number {
  const value = Number(text);
  if (!/^-?[0-9]+$/.test(text) || Math.abs(value) > 0x7fffffff) {
    throw new InvalidArgumentError("Not a whole number of 32 bits.");
  }
  return value;
}

function behaviourName(text: string): string {
  if (![...TABLE, ...packedBehaviours("delta")].some(({ name }) => name === text))
    throw new InvalidArgumentError("No such behaviour in the table.");
  return text;
}

function chipName(text: string): ChipName {
  if (text !== "small" && text !== "sim") throw new InvalidArgumentError("Not small or sim.");
  return text;
}

function engineName(text: string): EngineName {
  if (text !== "node" && text !== "xs") throw new InvalidArgumentError("Not node or xs.");
  return text;
}

function packing(text: string): Packing {
  if (text !== "delta" && text !== "compressed") throw new InvalidArgumentError("Not delta or compressed.");
  return text;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
