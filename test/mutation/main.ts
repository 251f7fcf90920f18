import { Command } from "commander";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_FAILED, names, positiveCount, runProgram, UsageError } from "../../cli/command-line.js";
import { ROOT } from "../support/root.js";
import { describeMutant, type Mutant, mutantsOf } from "./mutants.js";
import { testsOf } from "./relevance.js";
import { type Judged, lineOf, readLastRun, reasonFor, score, writeDocument, writeLastRun } from "./report.js";
import { Sandbox, type Verdict } from "./sandbox.js";

interface Options {
  readonly files: string[];
  readonly workers: number;
  readonly again?: true;
  readonly docs?: true;
  readonly list?: true;
}

const FOLDERS = ["src/update", "src/image", "src/http"];
const CLOSURE = ["test/mutation/bounded-closure.js"];
const REQUIRED_SCORE = 90;
/** A mutant that takes this many times as long as the original hangs. */
const PATIENCE = 5;
const GRACE_MS = 15_000;

const program = new Command("npm run test:mutation --")
  .description("Changes one thing at a time in the sources, and looks whether a test fails. The last line is JSON.")
  .option("--files <prefixes>", "which sources, separated by commas", names, FOLDERS)
  .option("--workers <n>", "processes", positiveCount, 2)
  .option("--again", "only the mutants that survived the last run; all others keep their verdict")
  .option("--docs", "put figures and survivors into docs/mutation.md")
  .option("--list", "only say which mutants there are")
  .action(main);

await runProgram(program);

async function main(options: Options): Promise<void> {
  const began = process.hrtime.bigint();
  const files = sourcesOf(options.files);
  if (files.length === 0) throw new UsageError(`no source begins with ${options.files.join(", ")}`);
  const mutants = files.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")));
  if (options.list === true) {
    for (const mutant of mutants) say(name(mutant));
    return;
  }
  const last = new Map(
    options.again === true ? readLastRun().map(({ mutant, verdict }) => [name(mutant), verdict] as const) : [],
  );
  const verdicts = new Map<string, Verdict>();
  for (const mutant of mutants) {
    const verdict = last.get(name(mutant));
    if (verdict !== undefined && verdict !== "survived") verdicts.set(name(mutant), verdict);
  }
  const save = (): Judged[] => {
    const judged = mutants.flatMap((mutant) => {
      const verdict = verdicts.get(name(mutant));
      return verdict === undefined ? [] : [{ mutant, verdict }];
    });
    writeLastRun(judged);
    return judged;
  };
  const open = mutants.filter((mutant) => !verdicts.has(name(mutant)));
  await judgeAll(open, options.workers, (mutant, verdict) => {
    verdicts.set(name(mutant), verdict);
    if (verdict === "survived") say(`survived ${name(mutant)}`);
    if (verdicts.size % 50 === 0) say(`${verdicts.size} of ${mutants.length}, ${score(save())} % killed`);
  });
  const judged = save();
  if (options.docs === true) writeDocument(judged);
  conclude(judged, Number(process.hrtime.bigint() - began) / 1e9);
}

async function judgeAll(
  mutants: Mutant[],
  workers: number,
  onJudged: (mutant: Mutant, verdict: Verdict) => void,
): Promise<void> {
  if (mutants.length === 0) return;
  const base = join(ROOT, "dist/node");
  const limits = await limitsOf([...new Set(mutants.map(({ file }) => file))], base);
  const queue = [...mutants];
  const work = async (index: number): Promise<void> => {
    const sandbox = new Sandbox(`mutant-${index}`);
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { groups, timeoutMs } = limits.get(mutant.file) as Limits;
      onJudged(mutant, await sandbox.judge(mutant, groups, timeoutMs));
    }
    sandbox.remove();
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
}

interface Limits {
  readonly groups: readonly (readonly string[])[];
  readonly timeoutMs: number;
}

/** The time that the tests of each file take without a mutant; they must pass. */
async function limitsOf(files: readonly string[], base: string): Promise<Map<string, Limits>> {
  const sandbox = new Sandbox("mutant-none");
  const limits = new Map<string, Limits>();
  const taken = new Map<string, number>();
  for (const file of files) {
    const groups = [testsOf(base, file.replace(/\.ts$/, ".js")), CLOSURE];
    let longestMs = 0;
    for (const group of groups) {
      const key = group.join(" ");
      const began = performance.now();
      if (!taken.has(key) && (await sandbox.run(group, 300_000)) !== "survived") {
        throw new UsageError(`the tests of ${file} fail without a mutant`);
      }
      if (!taken.has(key)) taken.set(key, performance.now() - began);
      longestMs = Math.max(longestMs, taken.get(key) ?? 0);
    }
    limits.set(file, { groups, timeoutMs: longestMs * PATIENCE + GRACE_MS });
  }
  sandbox.remove();
  return limits;
}

function conclude(judged: readonly Judged[], seconds: number): void {
  const survived = judged.filter(({ verdict }) => verdict === "survived");
  const unexplained = survived.filter(({ mutant }) => reasonFor(mutant) === undefined);
  for (const { mutant } of unexplained) say(`unexplained ${name(mutant)}`);
  const killed = judged.length - survived.length;
  const hung = judged.filter(({ verdict }) => verdict === "hung").length;
  say(
    JSON.stringify({
      mutants: judged.length,
      killed,
      hung,
      survived: survived.length,
      unexplained: unexplained.length,
      score: score(judged),
      seconds: Math.round(seconds),
    }),
  );
  if (score(judged) < REQUIRED_SCORE || unexplained.length > 0) process.exitCode = EXIT_FAILED;
}

function sourcesOf(prefixes: readonly string[]): string[] {
  return readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => join("src", path))
    .filter(
      (path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && prefixes.some((prefix) => path.startsWith(prefix)),
    )
    .sort();
}

function name(mutant: Mutant): string {
  return `${mutant.file}:${mutant.line} ${describeMutant(mutant)} | ${lineOf(mutant)} @${mutant.start}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
