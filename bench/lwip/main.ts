import { Command } from "commander";
import { EXIT_FAILED, positiveCount, runProgram, UsageError } from "../../cli/command-line.js";
import { type LinkSettings, ROOMY, SDK_C3, SDK_ESP32, SHIPPED } from "../model/link-settings.js";
import { type Profile, PROFILES } from "../model/profiles.js";
import { buildRig } from "./build.js";
import {
  type Comparison,
  comparisonTable,
  isWithin,
  medianOf,
  modelMs,
  MOST_PERCENT,
  profilesOfRuns,
} from "./comparison.js";
import { checkMachine } from "./missing.js";
import { runOnce } from "./run.js";
import { findLwip } from "./source.js";

const ROWS: { readonly [name: string]: LinkSettings } = { SHIPPED, SDK_C3, SDK_ESP32, ROOMY };
const MIB = 0x100000;
/** What is measured unless a profile is named. */
const USUAL_PROFILES = ["wan", "4g-cat1", "wifi"];

interface Options {
  readonly only?: string;
  readonly settings?: string;
  readonly size: number;
  readonly runs: number;
  readonly lwip?: string;
  readonly trace?: string;
}

const program = new Command("npm run bench:lwip --")
  .description(
    "Measure an update over a real lwIP, with a link of the rig's own and Linux's TCP at its other end, beside the " +
      "model of the bench. It takes real time: a quarter of an hour for all. docs/performance.md explains the figures. " +
      `The exit code is 1 if the model differs by more than ${MOST_PERCENT} %, and 2 if this machine lacks something.`,
  )
  .option("--only <profile>", `one profile: ${PROFILES.map(({ name }) => name).join(", ")}`)
  .option("--settings <row>", `one row of settings: ${Object.keys(ROWS).join(", ")}`)
  .option("--size <bytes>", "length of the image", positiveCount, MIB)
  .option("--runs <count>", "runs of each line, of which the table has the median", positiveCount, 5)
  .option("--lwip <dir>", "folder of lwIP's sources (else Debian's source package is downloaded)")
  .option("--trace <file>", "write a line for each segment at the board into this file, of the last run")
  .addHelpText("after", "\nIt needs root, TAP (/dev/net/tun), network namespaces, a C compiler and iproute2.")
  .allowExcessArguments(false)
  .action(measure);

async function measure({ only, settings, size, runs, lwip, trace }: Options): Promise<void> {
  const profiles = chosenProfiles(only);
  const rows = chosenRows(settings);
  checkMachine();
  const sources = findLwip(lwip);
  const comparisons: Comparison[] = [];
  for (const profile of profiles) {
    for (const row of rows) {
      const binary = buildRig(sources, row);
      const [real, modelled]: [number[], number[]] = [[], []];
      for (const of of profilesOfRuns(profile, runs)) {
        real.push(await runOnce({ binary, profile: of, settings: row, byteLength: size, trace }));
        modelled.push(modelMs(of, row, size));
      }
      process.stderr.write(`${profile.name}, ${row.name}: ${real.map((ms) => (ms / 1000).toFixed(2)).join(" ")} s\n`);
      comparisons.push({
        profile: profile.name,
        settings: row.name,
        lwipMs: medianOf(real),
        modelMs: medianOf(modelled),
      });
    }
  }
  process.stdout.write(`${comparisonTable(comparisons).join("\n")}\n`);
  if (!comparisons.every(isWithin)) process.exitCode = EXIT_FAILED;
}

function chosenProfiles(only: string | undefined): readonly Profile[] {
  const names = only === undefined ? USUAL_PROFILES : [only];
  return names.map((name) => {
    const profile = PROFILES.find((candidate) => candidate.name === name);
    if (profile !== undefined) return profile;
    throw new UsageError(`no profile ${name}: there are ${PROFILES.map((each) => each.name).join(", ")}`);
  });
}

function chosenRows(name: string | undefined): readonly LinkSettings[] {
  if (name === undefined) return Object.values(ROWS);
  const row = ROWS[name];
  if (row === undefined) throw new UsageError(`no settings ${name}: there are ${Object.keys(ROWS).join(", ")}`);
  return [row];
}

await runProgram(program);
