import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { ROOT } from "./root.js";

let packing: Set<string> | undefined;

/** The paths that `npm pack` puts into the package. */
export function packedFiles(): Set<string> {
  if (packing === undefined) {
    const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
    const { stdout, stderr } = spawnSync("npm", args, { cwd: ROOT, encoding: "utf8" });
    const [report] = JSON.parse(stdout) as { files: { path: string }[] }[];
    assert.ok(report !== undefined, stderr);
    packing = new Set(report.files.map(({ path }) => relative(".", path)));
  }
  return packing;
}
