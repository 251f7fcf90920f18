import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type Chip, chipNamed, ESP32, SDK_CHIPS, targetNameOf } from "../../hal/boards/family/chips.js";
import { DEFAULT_TABLE, TABLE_NAMES } from "../../hal/boards/family/flash.js";
import { UsageError } from "../command-line.js";
import type { Sdk } from "../sdk.js";
import { APPLICATION } from "./sdk.js";

/** The field `build` of the SDK's manifest of a board. */
export interface BoardBuild {
  readonly SDKCONFIGPATH?: unknown;
  /** The chip. It is that of an included board, or an ESP32, if absent. */
  readonly ESP32_SUBCLASS?: unknown;
}

interface BoardManifest {
  readonly build?: BoardBuild;
  readonly include?: string | readonly string[];
}

/** How a user names what is built for: a board, or only its chip. */
export interface BoardChoice {
  readonly board?: string;
  /** If it is alone, the board is the one of SDK_CHIPS. */
  readonly chip?: string;
}

/** Adds the options by which a user chooses a board and its partition table. */
export function addBoardOptions(command: Command): Command {
  return command
    .option("--board <name>", `board, by its name in the SDK; default: that of --chip, or ${ESP32.sdk.board}`)
    .option("--chip <name>", `chip, in place of a board: ${SDK_CHIPS.map(targetNameOf).join(", ")}`)
    .addOption(
      new Option("--partitions <table>", "partition table of the flash")
        .choices(TABLE_NAMES)
        .default(DEFAULT_TABLE.name),
    );
}

/** @returns the board, and the chip on it @throws UsageError */
export function chooseBoard(sdk: Sdk, choice: BoardChoice): { readonly board: string; readonly chip: Chip } {
  const named =
    choice.chip === undefined ? undefined : SDK_CHIPS.find((one) => one === chipNamed(choice.chip as string));
  if (choice.chip !== undefined && named === undefined) {
    throw new UsageError(`--chip ${choice.chip} is none of ${SDK_CHIPS.map(targetNameOf).join(", ")}`);
  }
  const board = choice.board ?? (named ?? ESP32).sdk.board;
  const chip = checkBoard(sdk, board);
  if (named !== undefined && named !== chip) {
    throw new UsageError(`esp32/${board} has an ${chip.name}, not an ${named.name}: leave out --board or --chip`);
  }
  return { board, chip };
}

function checkBoard(sdk: Sdk, board: string): Chip {
  const known = existsSync(join(targetOf(sdk, board), "manifest.json"));
  if (!known || !/^[a-z0-9_]+$/.test(board)) {
    throw new UsageError(
      `the SDK has no board esp32/${board}: its boards are the folders of build/devices/esp32/targets`,
    );
  }
  const target = subclassOf(sdk, board);
  const chip = chipNamed(target);
  if (chip === undefined) throw new UsageError(`esp32/${board} has the chip ${target}, which is not of the family`);
  if (chip.sdk?.hasWifi === false) {
    throw new UsageError(`esp32/${board} has no Wi-Fi in the SDK, which examples/${APPLICATION} needs`);
  }
  return chip;
}

/** A board may be another one with something added, whose manifest it includes. */
function subclassOf(sdk: Sdk, board: string): string {
  const { build = {}, include = [] } = manifestOf(sdk, board);
  if (typeof build.ESP32_SUBCLASS === "string") return build.ESP32_SUBCLASS;
  const others = [include].flat().map((path) => /^\.\.\/([a-z0-9_]+)\/manifest\.json$/.exec(path)?.[1]);
  const other = others.find((name) => name !== undefined && name !== board);
  return other === undefined ? targetNameOf(ESP32) : subclassOf(sdk, other);
}

/** The SDK's folder of a board. */
export function targetOf(sdk: Sdk, board: string): string {
  return join(sdk.folder, "build", "devices", "esp32", "targets", board);
}

/** @throws Error if there is no such board */
export function boardBuild(sdk: Sdk, board: string): BoardBuild {
  return manifestOf(sdk, board).build ?? {};
}

function manifestOf(sdk: Sdk, board: string): BoardManifest {
  return JSON.parse(readFileSync(join(targetOf(sdk, board), "manifest.json"), "utf8")) as BoardManifest;
}
