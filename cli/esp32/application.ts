import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  DEFAULT_TABLE,
  FLASH_MEGABYTES,
  FLASH_TABLES,
  type FlashTable,
  TABLE_NAMES,
} from "../../hal/boards/family/flash.js";
import { UsageError } from "../command-line.js";
import { boardBuild, targetOf } from "./board.js";
import { APPLICATION, type Esp32Sdk } from "./sdk.js";
import { packageRoot } from "../sdk.js";

export interface ApplicationOptions {
  readonly sdk: Esp32Sdk;
  /** Folder of the SDK's build/devices/esp32/targets. */
  readonly board: string;
  /** Folder for everything that is built. */
  readonly output: string;
  /** Version of the firmware, for the image's application descriptor. */
  readonly version: string;
  /** One of TABLE_NAMES. */
  readonly table: string;
  /** Folder of examples/ that has the application; `minimal` if absent. */
  readonly example?: string;
  /** Whether it is built for the debugger, without the settings that the SDK has for releases. */
  readonly debug?: boolean;
}

/**
 * Writes the manifest that mcconfig builds: the example, with a version, a partition table and an sdkconfig. A build
 * takes only one sdkconfig, and ours would replace that of the board, so it contains the settings of both the board and
 * the table.
 *
 * @returns the manifest's path
 * @throws UsageError if the version does not fit an application descriptor, or the board has less flash than the table
 */
export function writeApplication(options: ApplicationOptions): string {
  const { sdk, board, output, version, table, example = APPLICATION, debug = false } = options;
  // The descriptor has 32 bytes, including a zero at the end. The platform accepts these characters.
  if (!/^[A-Za-z0-9._-]{1,31}$/.test(version)) {
    throw new UsageError(`firmware version ${version} is not 1 to 31 of [A-Za-z0-9._-]`);
  }
  const boards = boardSettings(sdk, board, debug);
  checkFlash(board, table, boards);
  const folder = join(output, example);
  mkdirSync(join(folder, "sdkconfig"), { recursive: true });
  writeFileSync(join(folder, "partitions.csv"), partitionsOf(table));
  const settings = `${boards}\n${settingsOf(table)}`;
  writeFileSync(join(folder, "sdkconfig", "sdkconfig.defaults"), settings);
  removeStaleBuild(join(output, "tmp", "esp32", board, debug ? "debug" : "release", example), settings);
  // In mcconfig, `build` of an included manifest overrides that of the manifest that includes it. A later included
  // manifest overrides an earlier one.
  writeManifest(join(folder, "settings.json"), {
    build: { "SDKCONFIGPATH ?=": "./sdkconfig", "PARTITIONS_FILE ?=": "./partitions.csv" },
    // The SDK makes a C string from a text that begins with #.
    defines: { firmware: { version: `#${version}` } },
  });
  const path = join(folder, "manifest.json");
  writeManifest(path, { include: [join(packageRoot(), "examples", example, "manifest.json"), "./settings.json"] });
  return path;
}

/**
 * Removes what was built with other settings. The SDK does not compile its modules again if only sdkconfig changed, and
 * would link them with their old settings.
 *
 * @param folder in which mcconfig builds the application for the board
 */
export function removeStaleBuild(folder: string, settings: string): void {
  const builtWith = join(folder, "built-with.sdkconfig");
  if (existsSync(builtWith) && readFileSync(builtWith, "utf8") === settings) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(builtWith, settings);
}

function writeManifest(path: string, manifest: object): void {
  writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** @returns the text of a table's partitions.csv @throws UsageError */
export function partitionsOf(table: string): string {
  return readFileSync(join(folderOf(table), "partitions.csv"), "utf8");
}

/** @returns sdkconfig.defaults for a table: our settings and the size of its flash @throws UsageError */
export function settingsOf(table: string): string {
  const ours = readFileSync(join(folderOf(DEFAULT_TABLE.name), "sdkconfig", "sdkconfig.defaults"), "utf8");
  return `${ours}${flashSettings(tableOf(table).megabytes)}`;
}

/** A table is for one size of flash, so all other sizes, which a board may have set, are unset. */
function flashSettings(megabytes: number): string {
  const others = FLASH_MEGABYTES.filter((size) => size !== megabytes);
  return [...others.map((size) => `${flashSetting(size)}=n\n`), `${flashSetting(megabytes)}=y\n`].join("");
}

function flashSetting(megabytes: number): string {
  return `CONFIG_ESPTOOLPY_FLASHSIZE_${megabytes}MB`;
}

/** @throws UsageError if the board's own sdkconfig names a smaller flash than the table's */
function checkFlash(board: string, table: string, settings: string): void {
  const values = new Map([...settings.matchAll(/^(CONFIG_\w+)=(\S+)/gm)].map(([, name, value]) => [name, value]));
  const has = Math.max(...FLASH_MEGABYTES.filter((size) => values.get(flashSetting(size)) === "y"));
  const { megabytes } = tableOf(table);
  if (!Number.isFinite(has) || has >= megabytes) return;
  const smaller = TABLE_NAMES.filter((name) => tableOf(name).megabytes <= has);
  const then = smaller.length === 0 ? "there is no smaller table" : `use --partitions ${smaller.join(" or ")}`;
  throw new UsageError(
    `esp32/${board} has ${has} MB of flash in the SDK, and table ${table} needs ${megabytes}: ${then}`,
  );
}

function folderOf(table: string): string {
  return join(packageRoot(), "hal", "boards", "esp32", tableOf(table).folder);
}

function tableOf(table: string): FlashTable {
  const found = FLASH_TABLES.find(({ name }) => name === table);
  if (found === undefined) throw new UsageError(`no partition table ${table}: there are ${TABLE_NAMES.join(", ")}`);
  return found;
}

/** @returns the SDK's sdkconfig for a board, which a board with PSRAM or USB has besides that of the chip */
function boardSettings(sdk: Esp32Sdk, board: string, debug: boolean): string {
  const { SDKCONFIGPATH: named } = boardBuild(sdk, board);
  if (typeof named !== "string") return "";
  const path = resolve(targetOf(sdk, board), named.replace("$(MODDABLE)", sdk.folder));
  const files = ["sdkconfig.defaults", ...(debug ? [] : ["sdkconfig.defaults.release"])];
  return files.map((name) => readIfThere(join(path, name)) ?? "").join("\n");
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
