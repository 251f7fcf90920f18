import { Command } from "commander";
import { EXIT_FAILED, runProgram } from "../cli/command-line.js";
import { AGENT, minifiedBudget, readSizes, sizeTable } from "./sizes.js";

const program = new Command("npm run size --")
  .description("Print how many minified bytes each module has in the bundles that the last build made.")
  .option("--json", "end with one line of JSON: minifiedBytes of the agent's bundle")
  .allowExcessArguments(false)
  .action(({ json = false }: { json?: boolean }) => print(json));

function print(json: boolean): void {
  const [budget, sizes] = [minifiedBudget(), readSizes()];
  const lines = sizes.flatMap((bundle) => [...sizeTable(bundle, bundle.name === AGENT ? budget : undefined), ""]);
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  const minifiedBytes = sizes.find(({ name }) => name === AGENT)?.minifiedBytes ?? Infinity;
  if (json) process.stdout.write(`${JSON.stringify({ minifiedBytes })}\n`);
  if (minifiedBytes > budget) {
    process.stderr.write(
      `size: ${minifiedBytes} bytes are ${minifiedBytes - budget} over the budget in package.json\n`,
    );
    process.exitCode = EXIT_FAILED;
  }
}

await runProgram(program);
