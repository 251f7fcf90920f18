import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";
import { describeMutant, type Mutant } from "./mutants.js";
import { REASONS } from "./reasons.js";
import type { Verdict } from "./sandbox.js";

export interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

/** Where the verdicts of the last run are, for `--again`. */
const LAST_RUN = join(ROOT, "dist/mutation.json");
const DOCUMENT = join(ROOT, "docs/mutation.md");
const [BEGIN, END] = ["<!-- figures -->", "<!-- end of figures -->"];

export function readLastRun(): Judged[] {
  try {
    return JSON.parse(readFileSync(LAST_RUN, "utf8")) as Judged[];
  } catch {
    return [];
  }
}

export function writeLastRun(judged: readonly Judged[]): void {
  writeFileSync(LAST_RUN, JSON.stringify(judged));
}

/** @returns per cent, rounded down: 89.99 is not 90 */
export function score(judged: readonly Judged[]): number {
  const killed = judged.filter(({ verdict }) => verdict !== "survived").length;
  return judged.length === 0 ? 100 : Math.floor((killed * 1000) / judged.length) / 10;
}

export function reasonFor(mutant: Mutant): string | undefined {
  const line = lineOf(mutant);
  const what = describeMutant(mutant);
  return REASONS.find((reason) => reason.file === mutant.file && reason.line === line && reason.mutant === what)
    ?.reason;
}

export function lineOf({ file, line }: Mutant): string {
  return (readFileSync(join(ROOT, file), "utf8").split("\n")[line - 1] ?? "").trim();
}

/** Puts the figures and the survivors into the document. */
export function writeDocument(judged: readonly Judged[]): void {
  const text = readFileSync(DOCUMENT, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? "\n";
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n${figures(judged)}\n${survivors(judged)}${END}${after}`);
}

function figures(judged: readonly Judged[]): string {
  const folders = [...new Set(judged.map(({ mutant }) => folderOf(mutant)))].sort();
  const rows = [
    ...folders.map((folder) =>
      row(
        folder,
        judged.filter(({ mutant }) => folderOf(mutant) === folder),
      ),
    ),
    row("all", judged),
  ];
  return [
    "| Folder | Mutants | Killed by a test | Killed by the time limit | Survived | Killed |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function row(name: string, judged: readonly Judged[]): string {
  const count = (wanted: Verdict): number => judged.filter(({ verdict }) => verdict === wanted).length;
  return `| ${name} | ${judged.length} | ${count("killed")} | ${count("hung")} | ${count("survived")} | ${score(judged).toFixed(1)} % |`;
}

function survivors(judged: readonly Judged[]): string {
  const survived = judged.filter(({ verdict }) => verdict === "survived");
  const files = [...new Set(survived.map(({ mutant }) => mutant.file))].sort();
  return files
    .map((file) => {
      const rows = survived
        .filter(({ mutant }) => mutant.file === file)
        .map(
          ({ mutant }) =>
            `| ${code(lineOf(mutant))} | ${code(describeMutant(mutant))} | ${reasonFor(mutant) ?? "not looked at yet"} |`,
        );
      return [`### ${file}`, "", "| Line | Mutant | Why no test tells |", "|---|---|---|", ...rows, "", ""].join("\n");
    })
    .join("");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}

function folderOf({ file }: Mutant): string {
  return file.split("/").slice(0, 2).join("/");
}
