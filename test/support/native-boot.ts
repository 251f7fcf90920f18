import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CHIP_ESP32, verifyAppImage } from "../../hal/boards/sim/app-image.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { otaSlots, readPartitionTable } from "../../hal/boards/sim/partition-table.js";
import type { PlatformModule } from "../../hal/ecma419/modules.js";
import type { Packages } from "../../hal/ports/index.js";
import { ROOT } from "./root.js";

const FIXTURE = join(ROOT, "test", "fixtures", "esp32");
const CHIP = join(ROOT, "hal", "boards", "esp32");
const BOOT_C = join(CHIP, "boot.c");
const SOURCES = ["boot.c", "block-decoder.c", "packages.c", "slots.c"].map((name) => join(CHIP, name));
/** The engine's headers, and the one that mcconfig makes; all others that are not the board's own are ESP-IDF's. */
const STAND_INS: { readonly [header: string]: string } = {
  "xsmc.h": "xs.h",
  "xsHost.h": "xs.h",
  "mc.defines.h": "mc.defines.h",
};
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"];
/** Sanitizers: they find faults that the tests do not check for, and double the time of each call. */
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover", "-g"];

export interface Compiled {
  readonly status: number | null;
  readonly errors: string;
}

/** How the board handles a call. */
export interface Around {
  /** Throws if the firmware is dead: a process of the host outlives a power cut. */
  before?(): void;
  restart?(): void;
}

/** The C of the ESP32, compiled for this machine over stand-ins of the engine and of ESP-IDF. */
export class NativeBoot {
  readonly #folder = mkdtempSync(join(tmpdir(), "boot-c-"));
  readonly #program = join(this.#folder, "boot");

  constructor() {
    this.#writeHeaders();
  }

  /** @param options.defines of idf.h: settings of another board */
  compile({ defines = [], sanitized = false }: { defines?: readonly string[]; sanitized?: boolean } = {}): Compiled {
    const sources = ["main.c", "idf.c"].map((name) => join(FIXTURE, name)).concat(SOURCES);
    const flags = [
      ...FLAGS,
      ...(sanitized ? SANITIZERS : []),
      ...defines.map((name) => `-D${name}`),
      "-I",
      this.#folder,
      "-I",
      FIXTURE,
    ];
    const { status, stderr, error } = spawnSync("cc", [...flags, ...sources, "-o", this.#program], {
      encoding: "utf8",
    });
    if (error !== undefined) throw new Error("no C compiler: install build-essential", { cause: error });
    return { status, errors: stderr };
  }

  /** @returns the section that boot.c puts a name into, read from its assembly */
  sectionOf(name: string): string | undefined {
    const { stdout } = spawnSync("cc", ["-std=c11", "-I", this.#folder, "-I", FIXTURE, "-S", BOOT_C, "-o", "-"], {
      encoding: "utf8",
    });
    const lines = stdout.split("\n");
    const sections = lines
      .slice(0, lines.indexOf(`${name}:`))
      .filter((line) => /^\s*\.(section|text|data|bss)\b/.test(line));
    return /^\s*\.section\s+([^,\s]+)/.exec(sections.at(-1) ?? "")?.[1];
  }

  /** `PlatformModule.boot` as boot.c implements it, over a chip whose boot loader has started `running`. */
  over(flash: NorFlash, running: string, around: Around = {}): PlatformModule["boot"] {
    const call = (request: string): unknown => {
      around.before?.();
      return this.#call(flash, running, request, around.restart);
    };
    return {
      runningSlot: () => call("ota_running_slot") as string,
      targetSlot: () => call("ota_target_slot") as string,
      imageState: (slot) => call(`ota_image_state:${slot}`) as ReturnType<PlatformModule["boot"]["imageState"]>,
      imageVersion: (slot) => call(`ota_image_version:${slot}`) as string | undefined,
      secureVersion: (slot) => call(`ota_secure_version:${slot}`) as number | undefined,
      chipId: () => call("ota_chip_id") as number,
      forgetTarget: () => void call("ota_forget_target"),
      setPending: () => void call("ota_set_pending"),
      confirm: () => void call("ota_confirm"),
      revert: () => void call("ota_revert"),
      restart: () => void call("ota_restart"),
    };
  }

  /** @returns 64 bytes, of which the first `byteLength` were to be filled */
  randomFill(flash: NorFlash, byteLength: number): Uint8Array {
    return Buffer.from(this.#call(flash, "ota_0", `ota_random_fill:${byteLength}`) as string, "hex");
  }

  /** @returns what boot.c says of a signature, where the stand-in of PSA does no arithmetic */
  verifyP256(flash: NorFlash, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const buffers = [publicKey, message, signature].map((bytes) => Buffer.from(bytes).toString("hex"));
    return this.#call(flash, "ota_0", `ota_verify_p256:${buffers.join(",")}`) as boolean;
  }

  /**
   * `PlatformModule.decodeBlock` as packages.c implements it.
   *
   * @returns the block, or what is wrong with the record
   * @throws Error with the name of an `esp_err_t`
   */
  decodeBlock(
    flash: NorFlash,
    running: string,
    ...parameters: Parameters<Packages["decodeBlock"]>
  ): Uint8Array | string {
    const words = parameters.map((value) => (typeof value === "number" ? value : `x${hexOf(value)}`));
    const answer = this.#call(flash, running, `ota_decode_block:${words.join(",")}`) as string;
    return /^(?:[0-9a-f]{2})+$/.test(answer) ? Buffer.from(answer, "hex") : answer;
  }

  /** @returns the application descriptor that boot.c puts into the image, or no bytes if it leaves that to ESP-IDF */
  descriptor(flash: NorFlash): Uint8Array {
    return Buffer.from(this.#call(flash, "ota_0", "descriptor") as string, "hex");
  }

  /** @returns the words that boot.c writes of the engine's memory, into a buffer of `byteLength` */
  memory(flash: NorFlash, byteLength: number): number[] {
    const bytes = Buffer.from(this.#call(flash, "ota_0", `ota_memory:${byteLength}`) as string, "hex");
    return Array.from({ length: byteLength / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Each header that is included and is not the board's own stands for one of the stand-ins. */
  #writeHeaders(): void {
    const includes = SOURCES.flatMap((source) => [...readFileSync(source, "utf8").matchAll(/^#include "([^"]+)"$/gm)]);
    for (const [, name = ""] of includes) {
      if (existsSync(join(CHIP, name))) continue;
      const path = join(this.#folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `#include "${join(FIXTURE, STAND_INS[name] ?? "idf.h")}"\n`);
    }
  }

  #call(flash: NorFlash, running: string, request: string, restart?: () => void): unknown {
    const slots = otaSlots(readPartitionTable(flash));
    const verified = slots
      .filter((slot) => verifyAppImage(flash, slot, CHIP_ESP32) === undefined)
      .map(({ label }) => label);
    const args = [String(flash.byteLength), running, verified.join(","), request];
    const { status, stdout, stderr } = spawnSync(this.#program, args, {
      input: flash.slice(0, flash.byteLength),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`boot.c on the host: ${stderr}`);
    let value: unknown;
    for (const line of stdout.split("\n").filter((text) => text !== "")) {
      const step = JSON.parse(line) as {
        erase?: [number, number];
        program?: [number, string];
        restart?: true;
        error?: string;
        value?: unknown;
      };
      if (step.erase !== undefined) flash.erase(...step.erase);
      else if (step.program !== undefined) flash.program(Buffer.from(step.program[1], "hex"), step.program[0]);
      else if (step.restart === true) restart?.();
      else if (step.error !== undefined) throw new Error(step.error);
      else value = step.value;
    }
    return value;
  }
}

function hexOf(bytes: Uint8Array | ArrayBufferLike): string {
  return (bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.from(new Uint8Array(bytes))).toString("hex");
}
