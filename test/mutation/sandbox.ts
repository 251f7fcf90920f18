import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "../support/root.js";
import { apply, type Mutant } from "./mutants.js";

export type Verdict = "killed" | "hung" | "survived";

/** A copy of the compiled code in which one file at a time is another. Beside the original, so that packages resolve. */
export class Sandbox {
  readonly #folder: string;

  constructor(name: string) {
    this.#folder = join(ROOT, "dist", name);
    rmSync(this.#folder, { recursive: true, force: true });
    cpSync(join(ROOT, "dist/node"), this.#folder, { recursive: true });
  }

  /** Whether a test fails once the mutant is in. `groups` of files run one after the other, as long as all pass. */
  async judge(mutant: Mutant, groups: readonly (readonly string[])[], timeoutMs: number): Promise<Verdict> {
    const compiled = join(this.#folder, mutant.file.replace(/\.ts$/, ".js"));
    const before = readFileSync(compiled);
    writeFileSync(compiled, compile(apply(readFileSync(join(ROOT, mutant.file), "utf8"), mutant)));
    try {
      for (const files of groups) {
        const verdict = await this.run(files, timeoutMs);
        if (verdict !== "survived") return verdict;
      }
      return "survived";
    } finally {
      writeFileSync(compiled, before);
    }
  }

  /** Runs test files in one process, until the first test fails. */
  run(files: readonly string[], timeoutMs: number): Promise<Verdict> {
    if (files.length === 0) return Promise.resolve("survived");
    const entry = join(this.#folder, "test/mutation/entry.js");
    const child = spawn(process.execPath, ["--max-old-space-size=512", "--test-reporter=tap", entry, ...files], {
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, TEST_SEED: "1" },
    });
    return watch(child, timeoutMs);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
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

function compile(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}
