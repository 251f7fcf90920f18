import { Command } from "commander";
import { EXIT_FAILED, runProgram } from "../cli/command-line.js";
import { pageFiles, scriptBudget, scriptBytes } from "./page-size.js";
import { AGENT, minifiedBudget, readSizes, sizeTable } from "./sizes.js";

const program = new Command("npm run size --")
  .description("Print how many minified bytes each module has in the bundles that the last build made.")
  .option("--json", "end with one line of JSON: minifiedBytes of the agent's bundle")
  .allowExcessArguments(false)
  .action(({ json = false }: { json?: boolean }) => print(json));

function print(json: boolean): void {
  const [budget, sizes] = [minifiedBudget(), readSizes()];
  const lines = sizes.flatMap((bundle) => [...sizeTable(bundle, bundle.name === AGENT ? budget : undefined), ""]);
  process.stdout.write([...lines, ...pageTable()].map((line) => `${line}\n`).join(""));
  const minifiedBytes = sizes.find(({ name }) => name === AGENT)?.minifiedBytes ?? Infinity;
  if (json) process.stdout.write(`${JSON.stringify({ minifiedBytes })}\n`);
  if (minifiedBytes > budget) {
    process.stderr.write(
      `size: ${minifiedBytes} bytes are ${minifiedBytes - budget} over the budget in package.json\n`,
    );
    process.exitCode = EXIT_FAILED;
  }
}

/** @returns one line for each file of the console, and one for its scripts together */
function pageTable(): string[] {
  const files = pageFiles();
  return [
    "the console, bytes of gzip, and as they are",
    ...files.map(
      ({ name, bytes, gzipBytes }) => `${String(gzipBytes).padStart(8)}  ${String(bytes).padStart(8)}  ${name}`,
    ),
    `${String(scriptBytes(files)).padStart(8)}            all scripts, of ${scriptBudget()} at most`,
  ];
}

await runProgram(program);
