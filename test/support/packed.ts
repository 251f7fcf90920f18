import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./root.js";

/** What `npm pack` reports of the package. */
interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let packing: Set<string> | undefined;

/** The paths that `npm pack` puts into the package. */
export function packedFiles(): Set<string> {
  packing ??= new Set(pack(["--dry-run"]).files.map(({ path }) => relative(".", path)));
  return packing;
}

/**
 * Installs the package into a folder's node_modules as `npm pack` makes it, with links to the packages that it depends
 * on.
 *
 * @returns its folder
 */
export function installPacked(folder: string, dependencies: readonly string[] = []): string {
  const installed = join(folder, "node_modules", "moddable-ota");
  mkdirSync(installed, { recursive: true });
  const { filename } = pack(["--pack-destination", folder]);
  const { status, stderr } = spawnSync(
    "tar",
    ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  for (const name of dependencies) symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  return installed;
}

function pack(options: readonly string[]): Packed {
  const { stdout, stderr } = spawnSync("npm", ["pack", "--json", "--ignore-scripts", ...options], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const [report] = JSON.parse(stdout) as Packed[];
  assert.ok(report !== undefined, stderr);
  return report;
}
