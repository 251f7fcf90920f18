import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PatchedCopy } from "../support/patched-copy.js";
import { ROOT } from "../support/root.js";
import { apply, type Mutant } from "./mutants.js";

export type Verdict = "killed" | "hung" | "survived";

/** Runs tests against one mutant at a time. */
export class Sandbox {
  readonly #copy: PatchedCopy;

  constructor(name: string) {
    this.#copy = new PatchedCopy(name);
  }

  /** Whether a test fails once the mutant is in. `groups` of files run one after the other, as long as all pass. */
  judge(mutant: Mutant, groups: readonly (readonly string[])[], timeoutMs: number): Promise<Verdict> {
    return this.#copy.withSource(
      mutant.file,
      apply(readFileSync(join(ROOT, mutant.file), "utf8"), mutant),
      async () => {
        for (const files of groups) {
          const verdict = await this.run(files, timeoutMs);
          if (verdict !== "survived") return verdict;
        }
        return "survived";
      },
    );
  }

  /** Runs test files in one process, until the first test fails. */
  run(files: readonly string[], timeoutMs: number): Promise<Verdict> {
    if (files.length === 0) return Promise.resolve("survived");
    const entry = join(this.#copy.folder, "test/mutation/entry.js");
    const child = spawn(process.execPath, ["--max-old-space-size=512", "--test-reporter=tap", entry, ...files], {
      cwd: this.#copy.folder,
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, TEST_SEED: "1" },
    });
    return watch(child, timeoutMs);
  }

  remove(): void {
    this.#copy.remove();
  }
}

function watch(child: ChildProcess, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    let verdict: Verdict | undefined;
    const end = (found: Verdict): void => {
      verdict ??= found;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => end("hung"), timeoutMs);
    let text = "";
    child.stdout?.on("data", (piece: Buffer) => {
      const lines = (text + piece.toString("latin1")).split("\n");
      text = lines.pop() ?? "";
      if (lines.some((line) => /^ *not ok /.test(line))) end("killed");
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(verdict ?? (code === 0 ? "survived" : "killed"));
    });
  });
}
