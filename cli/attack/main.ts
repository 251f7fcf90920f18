#!/usr/bin/env node
import { randomInt } from "node:crypto";
import { Command, Option } from "commander";
import type { LogLevel } from "../../hal/ports/index.js";
import { table } from "../cloud/text.js";
import { count, EXIT_FAILED, names, runProgram, UsageError } from "../command-line.js";
import { type BoardFirmware, type EngineName, engineOption, prepareEngine } from "../engine.js";
import { createLog, LOG_LEVELS } from "../log.js";
import { SEAL_ATTACKS } from "./attacks.js";
import { PACKAGE_ATTACKS } from "./package-attacks.js";
import { type Outcome, play } from "./play.js";
import { NEWER_VERSION, RUNNING_VERSION, Workshop } from "./workshop.js";

const ATTACKS = [...SEAL_ATTACKS, ...PACKAGE_ATTACKS];

interface Options {
  readonly only?: readonly string[];
  readonly seed?: number;
  readonly json?: boolean;
  readonly withoutSeal?: boolean;
  readonly engine: EngineName;
  readonly log?: LogLevel;
}

interface Row extends Outcome {
  readonly attack: string;
  readonly says: string;
  /** The board runs what it ran, and has answered with the code that it must. */
  readonly stopped: boolean;
}

const program = new Command("npm run attack --")
  .description(
    "Tries to make a simulated board boot what a trusted key has not sealed, or what is older. The stranger who tries has " +
      "the broker, the file server and every file that was ever released. The last line is an update as it should be, " +
      "which the board must take. The exit code is 1 if an attack succeeded, or ended otherwise than it must.",
  )
  .option("--only <names>", "only these attacks, separated by commas", names)
  .option(
    "--seed <n>",
    "number that images, bits and places are chosen by; default: a new one, which is printed",
    count,
  )
  .option("--json", "print one JSON object")
  .option("--without-seal", "attack a board that demands no seal: what the seal is for")
  .addOption(engineOption())
  .addOption(new Option("--log <level>", "log of the agents on standard error; default: none").choices([...LOG_LEVELS]))
  .action(attack);

await runProgram(program);

async function attack({ only, seed = randomInt(2 ** 32), json, withoutSeal, engine, log }: Options): Promise<void> {
  const chosen = ATTACKS.filter(({ name }) => only === undefined || only.includes(name));
  const unknown = only?.find((name) => !ATTACKS.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`${unknown} is none of ${ATTACKS.map(({ name }) => name).join(", ")}`);
  }
  const createFirmware: BoardFirmware = await prepareEngine(engine);
  const options = {
    createFirmware,
    log: log === undefined ? () => {} : createLog(log),
    logLevel: log ?? "error",
    unsealed: withoutSeal === true,
  };
  const rows: Row[] = [];
  for (const each of chosen) {
    // Each has chance of its own: it is the same alone as among the others.
    const outcome = await play(each, new Workshop(seed), options);
    const isRefused = outcome.stage !== "not at all" && outcome.code === each.code;
    const stopped = isRefused && outcome.runs === RUNNING_VERSION;
    rows.push({ attack: each.name, says: each.says, stopped, ...outcome });
  }
  const update = await play(
    { bait: (workshop) => ({ version: NEWER_VERSION, file: workshop.sealed({}, workshop.two.key) }) },
    new Workshop(seed),
    options,
  );
  const taken = update.runs === NEWER_VERSION;
  if (json === true) process.stdout.write(`${JSON.stringify({ seed, attacks: rows, update: { ...update, taken } })}\n`);
  else show(rows, update, taken, seed);
  if (!taken || rows.some(({ stopped }) => !stopped)) process.exitCode = EXIT_FAILED;
}

function show(rows: readonly Row[], update: Outcome, taken: boolean, seed: number): void {
  const lines = table(
    [
      ["attack", "refused at", "code", "runs then", "what is offered"],
      ...rows.map(({ attack: name, stage, code, message, runs, says, stopped }) => [
        `${stopped ? " " : "!"} ${name}`,
        stage,
        code === "" ? message : code,
        runs,
        says,
      ]),
      [
        `${taken ? " " : "!"} an update`,
        taken ? "-" : update.stage,
        update.message,
        update.runs,
        "a newer image, sealed by a trusted key",
      ],
    ],
    "",
  );
  for (const line of lines) process.stdout.write(`${line}\n`);
  const succeeded = rows.filter(({ stopped }) => !stopped).length;
  process.stdout.write(
    `${rows.length - succeeded} of ${rows.length} attacks were refused as they must be, the update was ${taken ? "taken" : "not taken"}; --seed ${seed}\n`,
  );
}
