import { Command, InvalidArgumentError } from "commander";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_FAILED, positiveCount, runProgram } from "../../cli/command-line.js";
import { soak, type Wear } from "./soak.js";

interface Options {
  readonly updates: number;
  readonly seed: number;
}

const program = new Command("npm run test:soak --")
  .description(
    "Updates in a row on one flash file, with random cuts and faults: wear, writes, memory. The last line is JSON.",
  )
  .option("--updates <n>", "how many", positiveCount, 200)
  .option("--seed <n>", "repeats another run; default: another one each time", seed, (Math.random() * 0x7fffffff) | 0)
  .action(main);

await runProgram(program);

function main({ updates, seed: chosen }: Options): void {
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-soak-"));
  try {
    const figures = soak({
      path: join(folder, "flash.bin"),
      updates,
      seed: chosen,
      onUpdate: (done) => {
        if (done % 50 === 0) say(`updates    ${done}`);
      },
    });
    const { erases, otherErases, keyValueWrites, heapStart, heapEnd, boots, requests, reverted, violations } = figures;
    say(
      `ended      ${updates - reverted} on the new firmware, ${reverted} reverted; ${boots} boots, ${requests} requests`,
    );
    say(`ota_0      ${describe(erases.ota_0)}`);
    say(`ota_1      ${describe(erases.ota_1)}`);
    say(
      `nvs        ${keyValueWrites} writes, ${otherErases.nvs} page erases; otadata ${otherErases.otadata} sector erases`,
    );
    say(`heap       ${kib(heapStart)} once warm, ${kib(heapEnd)} in the end`);
    for (const what of violations) say(`violation: ${what}`);
    if (violations.length > 0) say(`repeat it: npm run test:soak -- --updates ${updates} --seed ${chosen}`);
    say(JSON.stringify({ ...figures, violations: violations.length, seed: chosen }));
    if (violations.length > 0) process.exitCode = EXIT_FAILED;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe({ min, max, sum }: Wear): string {
  return `${min} to ${max} erases a block, ${sum} in all`;
}

function kib(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}

function seed(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,10}$/.test(text) || value > 0xffffffff) {
    throw new InvalidArgumentError("Not a whole number of 32 bits.");
  }
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
