import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../cli/command-line.js";

/** The bundle that every board preloads. The budget is for this bundle. */
export const AGENT = "moddable-ota";

/** Sizes that the build has recorded for one bundle. Each byte belongs to one module or to the rest. */
export interface BundleSizes {
  readonly name: string;
  readonly minifiedBytes: number;
  readonly modules: { readonly [file: string]: number };
  /** Bytes that rollup and the minifier put around the modules. */
  readonly rest: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** @throws UsageError if nothing was built */
export function readSizes(root = ROOT): BundleSizes[] {
  try {
    const names = readdirSync(join(root, "dist", "moddable"))
      .filter((file) => file.endsWith(".js"))
      .map((file) => file.slice(0, -3));
    if (!names.includes(AGENT)) throw new Error("the agent's bundle is missing");
    const first = (name: string): number => (name === AGENT ? 0 : 1);
    return names.sort((left, right) => first(left) - first(right)).map((name) => ({ name, ...readNotes(root, name) }));
  } catch (error) {
    throw new UsageError("no bundle here: run npm run build first", { cause: error });
  }
}

function readNotes(root: string, name: string): Omit<BundleSizes, "name"> {
  return JSON.parse(readFileSync(join(root, "dist", "sizes", `${name}.json`), "utf8")) as Omit<BundleSizes, "name">;
}

/** Most bytes that the agent's bundle may have. */
export function minifiedBudget(root = ROOT): number {
  const { budgets } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    budgets: { minifiedBytes: number };
  };
  return budgets.minifiedBytes;
}

/** @returns one line for each module, the largest first, and one line for the sum, which is the size of the file */
export function sizeTable({ name, minifiedBytes, modules, rest }: BundleSizes, budget?: number): string[] {
  const rows = Object.entries(modules)
    .filter(([, bytes]) => bytes > 0)
    .sort(([, left], [, right]) => right - left);
  return [
    `${name}.js, minified bytes per module`,
    ...[...rows, ["the rest", rest] as const].map(([file, bytes]) => row(bytes, file)),
    row(minifiedBytes, budget === undefined ? "in all" : `in all, of ${budget} at most`),
  ];
}

function row(bytes: number, what: string): string {
  return `${String(bytes).padStart(8)}  ${what}`;
}
