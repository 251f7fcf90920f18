import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UsageError } from "../command-line.js";
import { findSdk, packageRoot, type Sdk } from "../sdk.js";

const SEE = "see docs/application.md, npm run lin";
const TOOL_NAMES = ["mcconfig", "xsc", "xsid", "xsl", "mcrez"];
const PARTS = [
  join("build", "simulators", "modules", "screen.h"),
  join("examples", "io", "tcp", "tlssocket", "manifest.json"),
  join("modules", "base", "ffi", "manifest.json"),
  join("modules", "io", "files", "posix", "manifest.json"),
];

const APPLICATION = join("hal", "boards", "lin", "app", "manifest.json");

/** Files that the build makes. */
export interface Built {
  /** The program that runs the application without a display. */
  readonly host: string;
  /** The application as a library, which the host loads. */
  readonly library: string;
}

/** @throws UsageError that names what to install */
export function findLinuxSdk(env: NodeJS.ProcessEnv): Sdk {
  if (process.platform !== "linux") throw new UsageError("the simulator's Linux target needs Linux");
  return findSdk(env, { see: SEE, tools: TOOL_NAMES, parts: PARTS });
}

/** @throws UsageError that names what to install */
export function checkCompiler(env: NodeJS.ProcessEnv): void {
  const needed: readonly (readonly [command: string, args: readonly string[], what: string])[] = [
    ["make", ["--version"], "make (Debian: apt-get install build-essential)"],
    ["cc", ["--version"], "a C compiler (Debian: apt-get install build-essential)"],
    ["pkg-config", ["--version"], "pkg-config (Debian: apt-get install pkg-config)"],
    ["pkg-config", ["--exists", "glib-2.0", "gio-2.0"], "glib's headers (Debian: apt-get install libglib2.0-dev)"],
  ];
  for (const [command, args, what] of needed) {
    if (spawnSync(command, [...args], { env, stdio: "ignore" }).status !== 0) {
      throw new UsageError(`install ${what}: it is missing`);
    }
  }
}

/**
 * Builds the application for `-p lin` with instruments, and the host that runs it without a display.
 *
 * @param stackSlots slots of the engine's stack, if not those of the application's manifest
 * @throws Error that names the log if a build fails
 */
export function build(sdk: Sdk, env: NodeJS.ProcessEnv, stackSlots?: number): Built {
  const root = packageRoot();
  const output = join(root, "dist", "lin");
  mkdirSync(output, { recursive: true });
  const { tools } = sdk;
  const withTools = { ...env, MODDABLE: sdk.folder, PATH: `${tools}${delimiter}${env["PATH"] ?? ""}` };
  const manifest = stackSlots === undefined ? join(root, APPLICATION) : withStack(root, output, stackSlots);
  run(
    join(output, "build.log"),
    join(tools, "mcconfig"),
    ["-m", "-i", "-p", "lin", "-t", "build", "-o", output, manifest],
    withTools,
  );
  const library = join(output, "bin", "lin", "mc", "instrument", "app", "mc.so");
  if (!existsSync(library)) throw new Error(`mcconfig left no ${library}: see ${join(output, "build.log")}`);
  return { library, host: buildHost(sdk, root, output, env) };
}

/**
 * Builds examples/minimal for `-p lin` as a version.
 *
 * @returns the library that the build makes
 * @throws Error that names the log if the build fails
 */
export function buildExample(sdk: Sdk, env: NodeJS.ProcessEnv, version: string): Uint8Array {
  const root = packageRoot();
  const output = join(root, "dist", "lin", `minimal-${version}`);
  const folder = join(output, "minimal");
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, "manifest.json");
  const example = join(root, "examples", "minimal", "manifest.json");
  writeFileSync(manifest, JSON.stringify({ include: [example], defines: { firmware: { version: `#${version}` } } }));
  const { tools } = sdk;
  const withTools = { ...env, MODDABLE: sdk.folder, PATH: `${tools}${delimiter}${env["PATH"] ?? ""}` };
  run(
    join(output, "build.log"),
    join(tools, "mcconfig"),
    ["-m", "-p", "lin", "-t", "build", "-o", output, manifest],
    withTools,
  );
  return readFileSync(join(output, "bin", "lin", "mc", "release", "minimal", "mc.so"));
}

/**
 * mcconfig merges the `creation` of a manifest after those that it includes, so this stack overrides theirs. It takes
 * the application's name from the folder.
 */
function withStack(root: string, output: string, stack: number): string {
  const folder = join(output, "with-stack", "app");
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, "manifest.json");
  writeFileSync(manifest, JSON.stringify({ include: [join(root, APPLICATION)], creation: { stack } }));
  return manifest;
}

function buildHost(sdk: Sdk, root: string, output: string, env: NodeJS.ProcessEnv): string {
  const source = join(root, "hal", "boards", "lin", "host.c");
  const host = join(output, "host");
  if (existsSync(host) && statSync(host).mtimeMs > statSync(source).mtimeMs) return host;
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "glib-2.0"], { env, encoding: "utf8" })
    .stdout.trim()
    .split(/\s+/);
  const headers = join(sdk.folder, "build", "simulators", "modules");
  run(join(output, "host.log"), "cc", ["-O2", "-Wall", "-I", headers, source, "-o", host, ...flags, "-ldl"], env);
  return host;
}

function run(log: string, command: string, args: string[], env: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(log, `${stdout}${stderr}`);
  if (status !== 0) throw new Error(`${command} failed: see ${log}`);
}
