import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "./command-line.js";
import { APPLICATION, type Esp32Sdk } from "./esp32-sdk.js";
import { packageRoot } from "./sdk.js";

/** Partition tables that come with the package, by name: where each has its files. */
const TABLES: { readonly [name: string]: string } = { "4mb": ".", "4mb-large": "tables/4mb-large", "8mb": "tables/8mb", "16mb": "tables/16mb" };
export const TABLE_NAMES: readonly string[] = Object.keys(TABLES);
export const DEFAULT_TABLE = "4mb";

export interface ApplicationOptions {
  readonly sdk: Esp32Sdk;
  /** Folder of the SDK's build/devices/esp32/targets. */
  readonly board: string;
  /** Where everything that is built goes. */
  readonly output: string;
  /** Version of the firmware, for the image's application descriptor. */
  readonly version: string;
  /** One of TABLE_NAMES. */
  readonly table: string;
  /** Folder of examples/ that has the application; `minimal` if absent. */
  readonly example?: string;
}

/**
 * Writes the manifest that mcconfig builds: the example, with a version, a partition table, and the settings of board and
 * table together, since a build takes one sdkconfig and ours would replace that of the board.
 *
 * @returns its path
 * @throws UsageError if the version cannot stand in an application descriptor
 */
export function writeApplication({ sdk, board, output, version, table, example = APPLICATION }: ApplicationOptions): string {
  // The descriptor has 32 bytes with the zero at its end; the platform takes these characters.
  if (!/^[A-Za-z0-9._-]{1,31}$/.test(version)) throw new UsageError(`firmware version ${version} is not 1 to 31 of [A-Za-z0-9._-]`);
  const folder = join(output, example);
  mkdirSync(join(folder, "sdkconfig"), { recursive: true });
  writeFileSync(join(folder, "partitions.csv"), partitionsOf(table));
  writeFileSync(join(folder, "sdkconfig", "sdkconfig.defaults"), `${boardSettings(sdk, board)}\n${settingsOf(table)}`);
  // mcconfig has what is included win over what includes it, and the later over the earlier.
  writeManifest(join(folder, "settings.json"), {
    build: { "SDKCONFIGPATH ?=": "./sdkconfig", "PARTITIONS_FILE ?=": "./partitions.csv" },
    // The SDK makes a C string of a text that begins with #.
    defines: { firmware: { version: `#${version}` } },
  });
  const path = join(folder, "manifest.json");
  writeManifest(path, { include: [join(packageRoot(), "examples", example, "manifest.json"), "./settings.json"] });
  return path;
}

function writeManifest(path: string, manifest: object): void {
  writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** partitions.csv of a table. @throws UsageError */
export function partitionsOf(table: string): string {
  return readFileSync(join(folderOf(table), "partitions.csv"), "utf8");
}

function settingsOf(table: string): string {
  const read = (folder: string): string | undefined => readIfThere(join(folder, "sdkconfig", "sdkconfig.defaults"));
  return read(folderOf(table)) ?? read(folderOf(DEFAULT_TABLE)) ?? "";
}

function folderOf(table: string): string {
  const folder = TABLES[table];
  if (folder === undefined) throw new UsageError(`no partition table ${table}: there are ${TABLE_NAMES.join(", ")}`);
  return join(packageRoot(), "hal", "boards", "esp32", folder);
}

/** The sdkconfig that the SDK has for a board besides the chip's, of which a board with PSRAM or USB has one. */
function boardSettings({ folder }: Esp32Sdk, board: string): string {
  const target = join(folder, "build", "devices", "esp32", "targets", board);
  const { build } = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8")) as { build?: { SDKCONFIGPATH?: unknown } };
  if (typeof build?.SDKCONFIGPATH !== "string") return "";
  const path = resolve(target, build.SDKCONFIGPATH.replace("$(MODDABLE)", folder));
  return ["sdkconfig.defaults", "sdkconfig.defaults.release"].map((name) => readIfThere(join(path, name)) ?? "").join("\n");
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
