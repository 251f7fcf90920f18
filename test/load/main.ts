import { Command } from "commander";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count, EXIT_FAILED, positiveCount, runProgram } from "../../cli/command-line.js";
import { killedFleet } from "./killed-fleet.js";

interface Options {
  readonly devices: number;
  readonly kills: number;
  readonly seed: number;
}

const program = new Command("npm run soak:cloud --")
  .description(
    "Devices take one update each from a served cloud that is killed at random: no acknowledged report may be lost. " +
      "The last line is JSON.",
  )
  .option("--devices <n>", "how many", positiveCount, 10_000)
  .option("--kills <n>", "how often the cloud is killed", positiveCount, 10)
  .option("--seed <n>", "default: another one each time", count, (Math.random() * 0x100000000) >>> 0)
  .allowExcessArguments(false)
  .action(main);

await runProgram(program);

async function main({ devices, kills, seed }: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "soak-cloud-"));
  try {
    const figures = await killedFleet({ folder, devices, kills, seed, onProgress: say });
    for (const what of figures.violations) say(`violation: ${what}`);
    if (figures.violations.length > 0) {
      say(`repeat it: npm run soak:cloud -- --devices ${devices} --kills ${kills} --seed ${seed}`);
      process.exitCode = EXIT_FAILED;
    }
    say(JSON.stringify({ ...figures, violations: figures.violations.length, devices, seed }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
