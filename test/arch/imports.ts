import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { ROOT } from "../support/root.js";

export interface Import {
  readonly file: string;
  /** A path from the root for our own modules, the name of the package otherwise. */
  readonly target: string;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

export function importsOf(folder: string): Import[] {
  return files(folder).flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const found = text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"]*?\sfrom\s+)?"([^"]+)";/gm);
    return [...found].map(([, type, names = "", target = ""]) => ({
      file,
      target: resolve(file, target),
      names: namesIn(names).map((name) => name.replace(/^type /, "")),
      typeOnly: type !== undefined || onlyTypes(names),
    }));
  });
}

/** The TypeScript files of a folder, with JSX or without it, as paths from the root. */
export function files(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** `{ type A, type B } from` */
function onlyTypes(names: string): boolean {
  const list = namesIn(names);
  return list.length > 0 && list.every((name) => name.startsWith("type "));
}

function namesIn(names: string): string[] {
  return (/\{([^}]*)\}/.exec(names)?.[1] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function resolve(file: string, target: string): string {
  return target.startsWith(".") ? normalize(join(dirname(file), target)).replace(/\.js$/, "") : target;
}
