import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SDK_MANIFESTS } from "../../hal/boards/esp32/sdk-modules.js";
import type { Creation } from "../../hal/boards/family/creation.js";
import { STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { parsePartitionsCsv, type Partition } from "../../hal/boards/sim/partition-table.js";
import { type ApplicationOptions, partitionsOf, writeApplication } from "./application.js";
import { checkReceivePath } from "./receive-path.js";
import { APPLICATION, environmentOf, mcconfigArguments } from "./sdk.js";

/** The result of the SDK's linker for the application. */
export interface Linked {
  /** Bytes of bytecode of each module, by specifier. */
  readonly modules: ReadonlyMap<string, number>;
  readonly preloaded: ReadonlySet<string>;
  /** Slots that preloading has put into flash. */
  readonly romSlots: number;
  /** How many of them may change. Each of these takes a pointer in RAM. */
  readonly aliases: number;
  /** What all manifests together give XS. */
  readonly creation: Creation;
  /** Text of the sdkconfig for ESP-IDF, merged with the SDK's. */
  readonly sdkconfig: string;
  readonly partitions: string;
}

/** Place of `creation.static` among the sizes: behind four of keys and two of the parser. */
const STATIC_INDEX = 11;

/** The settings that boot.c needs to compile, with their values in the merged sdkconfig. */
const SETTINGS: readonly (readonly [name: string, on: boolean, says: string])[] = [
  ["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE", true, "rollback on"],
  ["CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS", false, "boot loader validates images"],
  ["CONFIG_ESP_ERR_TO_NAME_LOOKUP", true, "errors by name"],
];

/**
 * Compiles and links all JavaScript of the application for a board, as far as the SDK can do so without ESP-IDF. Two
 * files in the output folder replace ESP-IDF's version and its configuration.
 *
 * @throws Error that names what does not link
 */
export function link(application: ApplicationOptions): Linked {
  const { sdk, board, output, example = APPLICATION } = application;
  const standIns = join(output, "stand-ins");
  mkdirSync(standIns, { recursive: true });
  standIn(standIns, "git", `echo ${sdk.idfVersion}`);
  standIn(standIns, "idf.py", "mkdir -p build/config && touch build/config/sdkconfig.h");
  const env = { ...process.env, IDF_PATH: output };
  const options = { env: environmentOf(sdk, env, [standIns]), cwd: output };
  run("mcconfig", mcconfigArguments({ board, output, manifest: writeApplication(application) }), options);
  const folder = join(output, "tmp", "esp32", board, "release", example);
  run("make", ["-f", join(folder, "makefile"), join(folder, "mc.xs.c")], options);
  return readLinked(folder);
}

function standIn(folder: string, name: string, command: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

function run(command: string, args: string[], options: { env: NodeJS.ProcessEnv; cwd: string }): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...options,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw new Error(`${command} does not run: ${error.message}`);
  if (status !== 0) {
    throw new Error(explain(`${stdout}${stderr}`) ?? `${command} failed: ${lastLine(`${stdout}${stderr}`)}`);
  }
}

/**
 * @returns the first error in a source, or what to do about a module that is missing, or `undefined` if it is neither
 */
export function explain(output: string): string | undefined {
  // The compilers of the SDK end their messages with an exclamation mark. They run in parallel, so lines of others may
  // stand before and after a message.
  const [, place, message] = /^(.+:[0-9]+): error: (.+?)!?$/m.exec(output) ?? [];
  if (place !== undefined) return `${place}: ${message}`;
  const specifier = /module "([^"]+)" not found/.exec(output)?.[1];
  if (specifier === undefined) return undefined;
  const manifest = (SDK_MANIFESTS as { readonly [name: string]: string | undefined })[specifier];
  return manifest === undefined
    ? `module ${specifier} is not in this build: include the manifest that has it`
    : `module ${specifier} is not in this build: include $(MODDABLE)/${manifest} in the manifest`;
}

/** @returns the last line that is not make's report of a step, such as `# xsc ssl/error.xsb` */
export function lastLine(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("# "));
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "no output";
}

function readLinked(folder: string): Linked {
  const makefile = readFileSync(join(folder, "makefile"), "utf8");
  const program = readFileSync(join(folder, "mc.xs.c"), "utf8");
  const configuration = join(
    folder,
    /^SDKCONFIG_FILE=.*\/([^/]+\/sdkconfig\.mc)$/m.exec(makefile)?.[1] ?? "xsProj-esp32/sdkconfig.mc",
  );
  const paths = [...makefile.matchAll(/^\$\(MODULES_DIR\)\/(.+\.xsb):/gm)].map(([, path]) => path as string);
  return {
    modules: new Map(paths.map((path) => [specifierOf(path), statSync(join(folder, "modules", path)).size])),
    preloaded: new Set([...makefile.matchAll(/^\s+-p (\S+\.xsb)/gm)].map(([, path]) => specifierOf(path as string))),
    romSlots: defined(program, "mxHeapCount"),
    aliases: defined(program, "mxAliasCount"),
    creation: creationIn(makefile),
    sdkconfig: readFileSync(configuration, "utf8"),
    partitions: readFileSync(join(configuration, "..", "partitions.csv"), "utf8"),
  };
}

/** Reads the sizes as mcconfig hands them to the linker. */
function creationIn(makefile: string): Creation {
  const sizes = /^CREATION = -c (.+)$/m.exec(makefile)?.[1]?.split(",").map(Number) ?? [];
  const [chunk = NaN, chunkStep = NaN, slots = NaN, slotStep = NaN, stackSlots = NaN] = sizes;
  return {
    staticBytes: sizes[STATIC_INDEX] ?? NaN,
    chunkBytes: { initial: chunk, step: chunkStep },
    slots: { initial: slots, step: slotStep },
    stackSlots,
  };
}

/** @returns the specifier of a path. The SDK writes `embedded:io/…` as a folder. */
function specifierOf(path: string): string {
  return path.replace(/\.xsb$/, "").replace(/^~\.([^/]+)\//, "$1:");
}

function defined(program: string, name: string): number {
  return Number(new RegExp(`^#define ${name} ([0-9]+)$`, "m").exec(program)?.[1] ?? NaN);
}

/** @returns the settings that are right, in words @throws Error that names a setting that is wrong */
export function checkSettings(sdkconfig: string): string[] {
  const settingOf = (name: string): string | undefined =>
    [...sdkconfig.matchAll(new RegExp(`^(?:${name}=(.*)|# ${name} is not set)$`, "gm"))].at(-1)?.[1];
  const words = SETTINGS.map(([name, on, says]) => {
    const value = settingOf(name) ?? "";
    if ((value === "y") !== on) {
      throw new Error(`${name} is ${value === "" ? "not set" : value} in the merged sdkconfig`);
    }
    return says;
  });
  return [...words, checkReceivePath(settingOf)];
}

/** @returns the partitions @throws Error if they are not those of the table */
export function checkPartitions(text: string, table: string): Partition[] {
  const partitions = parsePartitionsCsv(text);
  if (JSON.stringify(partitions) !== JSON.stringify(parsePartitionsCsv(partitionsOf(table)))) {
    throw new Error(
      `the partition table is not ${table}, because the SDK's board sets PARTITIONS_FILE: use another --board`,
    );
  }
  return partitions;
}

/** @throws Error that names what to set, if XS would have less stack than the agent needs over TLS */
export function checkStack({ creation: { stackSlots } }: Pick<Linked, "creation">): void {
  if (stackSlots >= STACK_SLOTS) return;
  throw new Error(
    `XS gets ${stackSlots} slots of stack and TLS needs ${STACK_SLOTS}: set creation.stack to ${STACK_SLOTS} in the application's manifest, or leave it out`,
  );
}

/** @throws Error that names what is missing */
export function checkModules({ modules, preloaded }: Linked): void {
  for (const [specifier, manifest] of Object.entries(SDK_MANIFESTS)) {
    if (!modules.has(specifier)) {
      throw new Error(`${specifier} is not linked: include $(MODDABLE)/${manifest} in the manifest`);
    }
  }
  for (const specifier of ["moddable-ota", "moddable-ota/device", ...Object.keys(SDK_MANIFESTS)]) {
    if (!preloaded.has(specifier))
      throw new Error(`${specifier} is not preloaded, so it would take RAM: add it to "preload" in the manifest`);
  }
}
