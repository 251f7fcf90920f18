import type { BoardModules, DigestConstructor } from "../../ecma419/modules.js";
import { createBoot } from "./boot.js";
import { bootLoader } from "./boot-loader.js";
import type { Directory } from "./files.js";
import { createFlash } from "./flash.js";
import { createKeyValue } from "./key-value.js";
import { NorFile } from "./nor-file.js";

/** File with the bytes of the flash: the same name as on the simulated ESP32 of `ota-device`. */
const FLASH_FILE = "flash.bin";

export interface BoardOptions {
  /** The folder that holds the board's state. */
  readonly files: Directory;
  readonly Digest: DigestConstructor;
  restart(): void;
}

/**
 * Boots the board: does what the chip's ROM and boot loader do before an application starts, and makes the modules that
 * the SDK has on the chip but not on Linux.
 *
 * @throws Error if the folder holds no flash, or no slot holds a bootable image
 */
export function bootBoard(
  options: BoardOptions,
): Pick<BoardModules, "flash" | "keyValue"> & { boot: BoardModules["platform"]["boot"] } {
  const { files, Digest } = options;
  if (files.status(FLASH_FILE).mode === 0) {
    throw new Error(`no ${FLASH_FILE} in the working folder: ota-device flash makes one`);
  }
  const flash = new NorFile(files.openFile({ path: FLASH_FILE, mode: "r+" }));
  const choice = bootLoader(flash, Digest);
  return {
    flash: createFlash(flash, choice),
    keyValue: createKeyValue(files),
    boot: createBoot({ flash, choice, Digest, restart: () => options.restart() }),
  };
}
