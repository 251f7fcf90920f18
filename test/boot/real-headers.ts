import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../cli/command-line.js";
import { SDK_CHIPS, targetNameOf } from "../../hal/boards/family/chips.js";
import { ROOT } from "../support/root.js";

const SOURCES = ["boot.c", "block-decoder.c", "packages.c", "slots.c"].map((name) =>
  join(ROOT, "hal", "boards", "esp32", name),
);
const MANIFEST = join(ROOT, "hal", "boards", "esp32", "manifest.json");
const STAND_INS = join(ROOT, "test", "fixtures", "esp32");
const FLAGS = ["-fsyntax-only", "-std=gnu17", "-Wall", "-Wextra", "-Werror"];
/** C libraries of a chip or of ESP-IDF's own host build: this machine has one. */
const C_LIBRARIES = new Set(["libc", "linux", "newlib"]);

/** CONFIG_IDF_FIRMWARE_CHIP_ID by target, as ESP-IDF's Kconfig has it. */
export const TARGETS: { readonly [target: string]: number } = Object.fromEntries(
  SDK_CHIPS.map((chip) => [targetNameOf(chip), chip.id]),
);

/** ESP-IDF's own headers, for the compiler of this machine. */
export class RealHeaders {
  readonly version: string;
  readonly #components: string;
  readonly #folder: string;

  /** @param idfPath folder of ESP-IDF @throws UsageError if it is none */
  constructor(idfPath: string) {
    this.#components = join(idfPath, "components");
    const header = join(this.#components, "esp_common", "include", "esp_idf_version.h");
    if (!existsSync(header)) {
      throw new UsageError(`IDF_PATH is ${idfPath}, which is no ESP-IDF: set it to its folder, or unset it`);
    }
    const text = readFileSync(header, "utf8");
    const number = (name: string): string =>
      new RegExp(`#define ESP_IDF_VERSION_${name} +([0-9]+)`).exec(text)?.[1] ?? "?";
    this.version = `v${number("MAJOR")}.${number("MINOR")}.${number("PATCH")}`;
    this.#folder = mkdtempSync(join(tmpdir(), "check-boot-"));
  }

  /**
   * @returns the compiler's errors in the board's C for a target, nothing if it compiles
   * @throws Error without a compiler
   */
  errorsOf(target: string, sources: readonly string[] = SOURCES): string {
    const folder = join(this.#folder, target);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "sdkconfig.h"), sdkconfigOf(target));
    for (const name of ["xsmc.h", "xsHost.h"]) {
      writeFileSync(join(folder, name), `#include "${join(STAND_INS, "xs.h")}"\n`);
    }
    writeFileSync(join(folder, "mc.defines.h"), `#include "${join(STAND_INS, "mc.defines.h")}"\n`);
    const includes = [folder, this.#components, ...this.#includesOf(target)].flatMap((path) => ["-I", path]);
    const { status, stderr, error } = spawnSync("cc", [...FLAGS, ...includes, ...sources], { encoding: "utf8" });
    if (error !== undefined) throw new Error("no C compiler: install build-essential", { cause: error });
    return status === 0 ? "" : stderr;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #includesOf(target: string): string[] {
    return readdirSync(this.#components)
      .filter((name) => !C_LIBRARIES.has(name))
      .flatMap((name) => [join(this.#components, name, "include"), join(this.#components, name, target, "include")])
      .concat(join(this.#components, "mbedtls", "mbedtls", "include"), this.#ofManifest())
      .filter((path) => existsSync(path));
  }

  /** The folders that the manifest adds to those in which the SDK's compiler looks. */
  #ofManifest(): string[] {
    const { build } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { build: { C_INCLUDES: string } };
    return build.C_INCLUDES.split("\t").map((flag) =>
      flag.replace(/^-I/, "").replace("$(IDF_PATH)/components", this.#components),
    );
  }
}

/** The settings that boot.c and the headers ask for, as the SDK and our sdkconfig have them. */
function sdkconfigOf(target: string): string {
  return [
    "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE 1",
    "CONFIG_ESP_ERR_TO_NAME_LOOKUP 1",
    `CONFIG_IDF_TARGET "${target}"`,
    `CONFIG_IDF_TARGET_${target.toUpperCase()} 1`,
    `CONFIG_IDF_FIRMWARE_CHIP_ID ${TARGETS[target] ?? 0}`,
    "CONFIG_ESP_EFUSE_BLOCK_REV_MIN_FULL 0",
    "CONFIG_ESP_EFUSE_BLOCK_REV_MAX_FULL 99",
    "CONFIG_MMU_PAGE_SIZE 0x10000",
  ]
    .map((line) => `#define ${line}\n`)
    .join("");
}
