import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT_FAILED, runProgram, UsageError } from "../../cli/command-line.js";
import { DATABASE_FILE, FleetStore } from "../../cloud/store/fleet-store.js";
import { CHECKPOINT_PAGES, PAGE_SIZE_BYTES } from "../../cloud/store/libsql-engine.js";
import { addFleet, type Cost, sendReports } from "./reports.js";

/** What a report may cost: bytes that go to the disk, and CPU at 5,000 devices over that at 500. */
const MOST_BYTES = 4096;
const MOST_CPU_RATIO = 1.3;
const FLEETS = [500, 5000];
const SEED = 20_261_130;

interface Options {
  readonly folder: string;
  readonly pageSize: string;
  readonly checkpoint: string;
  readonly group: string;
  readonly reports: string;
}

const program = new Command("npm run bench:store --")
  .description(
    "Measure what a report of a device costs in the cloud's store: CPU, and bytes written to the disk with all " +
      "checkpoints. docs/store.md explains the figures. The exit code is 1 if a goal is missed.",
  )
  .option("--folder <path>", "folder on the disk to measure", tmpdir())
  .option("--page-size <bytes>", "page size of the database", String(PAGE_SIZE_BYTES))
  .option("--checkpoint <pages>", "pages in the write-ahead log before a checkpoint", String(CHECKPOINT_PAGES))
  .option("--group <reports>", "reports in one transaction", "10")
  .option("--reports <count>", "reports that are measured", "20000")
  .allowExcessArguments(false)
  .action(measure);

async function measure(options: Options): Promise<void> {
  const [pageSizeBytes, checkpointPages, groupReports, reports] = [
    options.pageSize,
    options.checkpoint,
    options.group,
    options.reports,
  ].map(countOf) as [number, number, number, number];
  print(`page ${pageSizeBytes} B, checkpoint at ${checkpointPages} pages, ${groupReports} reports a transaction`);
  const costs: Cost[] = [];
  for (const devices of FLEETS) {
    const folder = mkdtempSync(join(options.folder, "bench-store-"));
    try {
      const store = await FleetStore.open({ folder, groupDelayMs: 0, database: { pageSizeBytes, checkpointPages } });
      const fleet = await addFleet(store, devices);
      // A table that was just filled has full pages, which split as the rows grow: once for each page.
      await sendReports(store, fleet, { reports: 10_000, groupReports: 100, seed: SEED + 1 });
      const cost = await sendReports(store, fleet, { reports, groupReports, seed: SEED });
      await store.close();
      costs.push(cost);
      const megabytes = (statSync(join(folder, DATABASE_FILE)).size / 1e6).toFixed(1);
      print(
        `${String(devices).padStart(5)} devices  ${cost.bytes.toFixed(0).padStart(6)} B a report  ` +
          `${cost.cpuUs.toFixed(0).padStart(5)} us CPU a report  ` +
          `longest commit ${cost.longestMs.toFixed(0)} ms  database ${megabytes} MB`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const [few, many] = costs;
  if (few === undefined || many === undefined) return;
  const ratio = many.cpuUs / few.cpuUs;
  print(`CPU at ${FLEETS[1]} over CPU at ${FLEETS[0]}: ${ratio.toFixed(2)} (most ${MOST_CPU_RATIO})`);
  print(`bytes a report: ${Math.max(few.bytes, many.bytes).toFixed(0)} (most ${MOST_BYTES})`);
  if (ratio > MOST_CPU_RATIO || costs.some(({ bytes }) => !(bytes <= MOST_BYTES))) process.exitCode = EXIT_FAILED;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`${text} is no count`);
  return count;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(program);
