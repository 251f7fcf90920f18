import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "./root.js";

/**
 * A copy of the compiled code, beside the original so that packages resolve. One source at a time is replaced in it.
 */
export class PatchedCopy {
  readonly folder: string;

  /** @param name of a folder in dist */
  constructor(name: string) {
    this.folder = join(ROOT, "dist", name);
    rmSync(this.folder, { recursive: true, force: true });
    cpSync(join(ROOT, "dist/node"), this.folder, { recursive: true });
  }

  /** @param file path of a source from the project's folder @param text its content as long as `action` runs */
  async withSource<Result>(file: string, text: string, action: () => Promise<Result>): Promise<Result> {
    const compiled = join(this.folder, file.replace(/\.ts$/, ".js"));
    const before = readFileSync(compiled);
    writeFileSync(compiled, compile(text));
    try {
      return await action();
    } finally {
      writeFileSync(compiled, before);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function compile(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}
