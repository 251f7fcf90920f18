import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import { runProgram, UsageError } from "../../cli/command-line.js";
import { ROOT } from "../support/root.js";
import { affectedTests } from "./affected.js";
import { readSources } from "./sources.js";

const program = new Command("npm run test:changed --")
  .description("Runs the tests that a change may break: those that import a changed file, start it, or name it.")
  .option("--since <commit>", "also count what was committed since this commit", "HEAD")
  .option("--list", "say which tests these are, and run none")
  .action(run);

await runProgram(program);

function run({ since, list }: { readonly since: string; readonly list?: true }): void {
  const changed = [
    ...git(["diff", "--name-only", since, "--"], since),
    ...git(["ls-files", "--others", "--exclude-standard"], since),
  ];
  const tests = affectedTests(readSources(), changed);
  process.stdout.write(`${changed.length} changed files, ${tests.length} files of tests\n`);
  if (list === true) process.stdout.write(tests.map((file) => `${file}\n`).join(""));
  if (list === true || tests.length === 0) return;
  const compiled = tests.map((file) => join("dist", "node", file.replace(/\.ts$/, ".js")));
  const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", ...compiled], {
    cwd: ROOT,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}

/** @throws UsageError if this is no clone, or the commit is unknown */
function git(args: readonly string[], since: string): string[] {
  const { status, stdout, error } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  if (error !== undefined) throw new UsageError("git cannot be started: install it, or run npm test");
  if (status !== 0) throw new UsageError(`git knows no commit ${since} here: give one of this clone, or run npm test`);
  return stdout.split("\n").filter((line) => line !== "");
}
