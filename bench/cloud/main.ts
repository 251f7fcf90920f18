import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { EXIT_FAILED, positiveCount, runProgram, UsageError } from "../../cli/command-line.js";
import { chooseEngine } from "../../test/support/engine-choice.js";
import { type FleetFigures, runFleet } from "./fleet-run.js";

const MOST_CPU_RATIO = 1.3;
const MOST_BYTES = 4096;
const MOST_DEVICE_KILOBYTES = 60;
const FEW = 500;
const MANY = 5000;
/** Files that a process has open besides its sockets. */
const OTHER_FILES = 200;

const program = new Command("npm run bench:cloud --")
  .description(
    "Measure a served cloud with 500 and with 5,000 devices that take one update each. docs/cloud-performance.md " +
      "explains the figures. The exit code is 1 if a goal is missed that does not depend on the speed of the machine.",
  )
  .option("--folder <path>", "folder on the disk to measure", tmpdir())
  .addOption(
    new Option("--stage <n>", "0: SQLite and the own broker; 1: PostgreSQL, mosquitto and a standby")
      .choices(["0", "1"])
      .default("0"),
  )
  .option("--devices <n>", "devices of the larger fleet", positiveCount, MANY)
  .option("--node-options <text>", "options of Node for the cloud, such as --cpu-prof", "")
  .allowExcessArguments(false)
  .action(measure);

interface Options {
  readonly folder: string;
  readonly nodeOptions: string;
  readonly stage: "0" | "1";
  readonly devices: number;
}

async function measure({ folder, nodeOptions, stage, devices: most }: Options): Promise<void> {
  checkOpenFiles(most);
  if (stage === "1") {
    // With this, a commit waits for the disk of the server as well.
    process.env["OTA_TEST_SYNC"] = "1";
    chooseEngine("postgres");
  }
  const figures: FleetFigures[] = [];
  for (const devices of [FEW, most]) {
    const path = mkdtempSync(join(folder, "bench-cloud-"));
    try {
      print(`${devices} devices …`);
      figures.push(await runFleet({ folder: path, devices, nodeOptions: nodeOptions.split(" ").filter(Boolean) }));
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  }
  const [few, many] = figures as [FleetFigures, FleetFigures];
  print(table(few, many));
  if (stage === "1") return;
  const met = goals(few, many).map(([text, isMet]) => {
    print(`${isMet ? "met   " : "missed"}  ${text}`);
    return isMet;
  });
  if (met.includes(false)) process.exitCode = EXIT_FAILED;
}

/** @throws UsageError if this shell gives a process too few open files for the sockets of all devices */
function checkOpenFiles(devices: number): void {
  const limit = execFileSync("/bin/sh", ["-c", "ulimit -n"]).toString().trim();
  if (limit === "unlimited" || Number(limit) >= devices + OTHER_FILES) return;
  throw new UsageError(`a process may open ${limit} files here: run ulimit -n ${devices + OTHER_FILES} before`);
}

type Row = readonly [what: string, figure: (figures: FleetFigures) => string];

const ROWS: readonly Row[] = [
  ["reports", ({ reports }) => String(reports)],
  ["CPU a report", ({ cpuUsAReport }) => `${cpuUsAReport.toFixed(0)} us`],
  ["written a report", ({ bytesAReport }) => `${bytesAReport.toFixed(0)} B`],
  ["memory a device", ({ memoryBytesADevice }) => `${(memoryBytesADevice / 1024).toFixed(1)} KB`],
  ["upgrade answered after", ({ acceptedMs }) => `${acceptedMs} ms`],
  ["first offer after that", ({ firstOfferMs }) => `${firstOfferMs} ms`],
  ["status answers meanwhile", ({ statusAnswers }) => String(statusAnswers)],
  ["longest of them", ({ statusMs }) => `${statusMs} ms`],
  ["handled a second", ({ reportsASecond }) => reportsASecond.toFixed(0)],
  ["the cloud's core in use", (figures) => shareOf(figures, figures.cpuUsAReport)],
  ["the database's", (figures) => shareOf(figures, figures.databaseUsAReport)],
  ["CPU of the database a report", ({ databaseUsAReport }) => usOf(databaseUsAReport)],
  ["CPU of the broker a report", ({ brokerUsAReport }) => usOf(brokerUsAReport)],
  ["a standby leads after", ({ handOverMs }) => (handOverMs === undefined ? "-" : `${handOverMs} ms`)],
];

function usOf(figure: number | undefined): string {
  return figure === undefined ? "-" : `${figure.toFixed(0)} us`;
}

/** @returns how much of one core what a report costs takes at the pace at which reports were handled */
function shareOf({ reportsASecond }: FleetFigures, usAReport: number | undefined): string {
  return usAReport === undefined ? "-" : `${((usAReport * reportsASecond) / 10_000).toFixed(0)} %`;
}

function table(...fleets: readonly FleetFigures[]): string {
  const row = (what: string, cells: readonly string[]): string =>
    what.padEnd(26) + cells.map((cell) => cell.padStart(14)).join("");
  const head = row(
    "",
    fleets.map(({ devices }) => `${devices} devices`),
  );
  return [head, ...ROWS.map(([what, figure]) => row(what, fleets.map(figure)))].join("\n");
}

/** Those of the goals that are the same on a slow machine. */
function goals(few: FleetFigures, many: FleetFigures): [text: string, isMet: boolean][] {
  const ratio = many.cpuUsAReport / few.cpuUsAReport;
  const bytes = Math.max(few.bytesAReport, many.bytesAReport);
  const kilobytes = many.memoryBytesADevice / 1024;
  return [
    [
      `CPU a report at ${many.devices} over that at ${few.devices}: ${ratio.toFixed(2)}, most ${MOST_CPU_RATIO}`,
      ratio <= MOST_CPU_RATIO,
    ],
    [`written a report: ${bytes.toFixed(0)} B, most ${MOST_BYTES}`, bytes <= MOST_BYTES],
    [`memory a device: ${kilobytes.toFixed(1)} KB, most ${MOST_DEVICE_KILOBYTES}`, kilobytes <= MOST_DEVICE_KILOBYTES],
    [`an upgrade of ${many.devices} is accepted for all of them: ${many.upgraded}`, many.upgraded === many.devices],
    [`the status is answered while it runs: ${many.statusAnswers} times`, many.statusAnswers > 0],
  ];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await runProgram(program);
