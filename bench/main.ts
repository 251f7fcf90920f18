import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT_FAILED, runProgram, UsageError } from "../cli/command-line.js";
import { ROOT } from "../test/support/root.js";
import { DOCUMENT, documentNow, PICTURE, pictureNow, writeDocument, writePicture } from "./document.js";
import { isMet, type Figure, type Row } from "./figures/figure.js";
import { FIGURES } from "./figures/index.js";
import { cleanUpdate } from "./figures/updates.js";
import { XsMissing } from "./figures/xs.js";
import { PROFILES } from "./model/profiles.js";
import { timelineOf } from "./plot.js";
import { resultsOf, tableOf } from "./table.js";

const RESULTS = join(ROOT, "bench", "results");

const program = new Command("npm run bench --")
  .description(
    "Measure the agent on a board whose flash and network take virtual time, and what it costs the XS engine. " +
      "docs/performance.md explains the figures. The exit code is 1 if a goal is missed.",
  )
  .option("--only <name>", `one figure: ${FIGURES.map(({ name }) => name).join(", ")}`)
  .option(
    "--plot [profile]",
    "draw the timeline of an update of 1 MiB instead: bench/results/timeline-PROFILE.svg (lab)",
  )
  .option(
    "--document",
    "put the figures in virtual time into docs/performance.md and the timeline into docs/update.svg instead",
  )
  .addHelpText("after", "\nWithout options all figures also go to bench/results/latest.json.")
  .allowExcessArguments(false)
  .action(({ only, plot, document }: { only?: string; plot?: string | true; document?: true }) => {
    if ([only, plot, document].filter((option) => option !== undefined).length > 1) {
      throw new UsageError("--only, --plot and --document each stand alone");
    }
    if (document === true) return writeDown();
    return plot === undefined ? measure(only) : draw(plot === true ? "lab" : plot);
  });

async function writeDown(): Promise<void> {
  writeDocument(await documentNow());
  writePicture(pictureNow());
  print([DOCUMENT, PICTURE]);
}

async function measure(only: string | undefined): Promise<void> {
  const chosen = FIGURES.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new UsageError(`no figure ${only}: there are ${FIGURES.map(({ name }) => name).join(", ")}`);
  }
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const figure of chosen) rows.push(...(await measured(figure, missing)));
  if (rows.length > 0) print(tableOf(rows));
  print(missing);
  if (only === undefined) save("latest.json", `${JSON.stringify(resultsOf(rows), undefined, 2)}\n`);
  if (missing.length > 0 || !rows.every(isMet)) process.exitCode = EXIT_FAILED;
}

async function measured(figure: Figure, missing: string[]): Promise<readonly Row[]> {
  try {
    return await figure.measure();
  } catch (error) {
    if (!(error instanceof XsMissing)) throw error;
    missing.push(`${figure.name} not measured: ${error.message}`);
    return [];
  }
}

function draw(name: string): void {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile === undefined) {
    throw new UsageError(`no profile ${name}: there are ${PROFILES.map((each) => each.name).join(", ")}`);
  }
  save(`timeline-${name}.svg`, timelineOf(cleanUpdate(profile), profile));
}

function save(name: string, content: string): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, name), content);
  print([`bench/results/${name}`]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

await runProgram(program);
