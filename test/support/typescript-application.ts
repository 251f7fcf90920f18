import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./root.js";

type Paths = { [specifier: string]: readonly string[] };

interface Manifest {
  readonly include?: readonly string[];
  readonly modules?: { readonly [specifier: string]: string | readonly string[] };
  readonly platforms?: { readonly [name: string]: Manifest };
}

/**
 * What an application is compiled by besides `strict`: the options that mcconfig 8.2.3 writes, without the SDK's own
 * types.
 */
const OPTIONS = {
  forceConsistentCasingInFileNames: true,
  module: "preserve",
  resolveJsonModule: true,
  lib: ["es2025"],
  target: "es2025",
  types: [],
  strict: true,
  noEmit: true,
};

/** The one of the SDK's types that the examples use. */
const GLOBALS = "declare function trace(text: string): void;\n";

/** The paths that mcconfig writes for manifests of ours: each module by its name, and its file without the ending. */
export function pathsOf(manifest: string, platform: string): Paths {
  const { platforms, ...all } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
  const paths: Paths = {};
  for (const { include = [], modules = {} } of [all, platforms?.[platform] ?? {}]) {
    for (const own of include.filter((path) => !path.startsWith("$"))) {
      Object.assign(paths, pathsOf(join(dirname(manifest), own), platform));
    }
    for (const [specifier, path] of Object.entries(modules)) {
      if (typeof path === "string" && !path.startsWith("$")) paths[specifier] = [join(dirname(manifest), path)];
    }
  }
  return paths;
}

/** Compiles files of an application in a folder. @returns the compiler's errors: nothing if it compiles */
export function compile(folder: string, files: readonly string[], paths: Paths | undefined): string {
  writeFileSync(join(folder, "globals.d.ts"), GLOBALS);
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...OPTIONS, paths }, files: ["globals.d.ts", ...files] }),
  );
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", folder],
    { encoding: "utf8" },
  );
  return stdout + stderr;
}
