import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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
 * Installs the agent's package into a folder's node_modules, as `npm pack` makes it. It depends on nothing.
 *
 * @returns its folder
 */
export function installPacked(folder: string): string {
  return unpack(join(folder, packAgent(folder)), folder, "moddable-ota");
}

/** @returns the name of the agent's package in this folder */
export function packAgent(folder: string): string {
  return pack(["--pack-destination", folder]).filename;
}

/**
 * Installs the package of the tools, with links to the packages that it depends on, and to no others.
 *
 * @returns its folder
 */
export function installPackedTools(folder: string): string {
  const { status, stderr } = npm(["pack", "--workspace", "moddable-ota-tools", "--pack-destination", folder]);
  assert.equal(status, 0, stderr);
  const { version, dependencies } = readPackage("cli");
  const installed = unpack(join(folder, `moddable-ota-tools-${version}.tgz`), folder, "moddable-ota-tools");
  for (const name of Object.keys(dependencies ?? {})) {
    const link = join(folder, "node_modules", name);
    // The name of a package with a scope is that of a folder in a folder.
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  return installed;
}

/** The content of a package.json of the repository. */
export interface PackageJson {
  readonly version: string;
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: object;
  readonly peerDependencies?: object;
  readonly exports?: { readonly [address: string]: { readonly types: string; readonly default?: string } };
}

/** @param folder of the repository; its root by default */
export function readPackage(folder = "."): PackageJson {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as PackageJson;
}

function unpack(file: string, folder: string, name: string): string {
  const installed = join(folder, "node_modules", name);
  mkdirSync(installed, { recursive: true });
  const { status, stderr } = spawnSync("tar", ["-xzf", file, "-C", installed, "--strip-components=1"], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return installed;
}

function pack(options: readonly string[]): Packed {
  const { stdout, stderr } = npm(["pack", "--json", "--ignore-scripts", ...options]);
  const [report] = JSON.parse(stdout) as Packed[];
  assert.ok(report !== undefined, stderr);
  return report;
}

export function npm(args: readonly string[], cwd = ROOT): SpawnSyncReturns<string> {
  return spawnSync("npm", args, { cwd, encoding: "utf8" });
}
