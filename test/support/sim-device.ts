import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { FileMedium, type NorFlash } from "../../hal/boards/sim/nor-flash.js";
import type { Surroundings } from "../../hal/boards/sim/platform.js";
import { createDevice } from "../../hal/boards/device.js";
import type { BoardModules } from "../../hal/ecma419/modules.js";
import type { Device } from "../../hal/ports/index.js";
import { NO_LOG } from "./log.js";

/** A simulated board without an application: the test uses the ports of its newest boot. */
export class SimDevice {
  readonly boots: string[] = [];
  readonly #board: SimulatedBoard;
  #modules: BoardModules | undefined;
  #device: Device | undefined;

  constructor(flash: NorFlash, surroundings?: Surroundings) {
    this.#board = new SimulatedBoard({
      flash,
      surroundings,
      firmware: (modules) => {
        this.#modules = modules;
        this.#device = createDevice(modules, NO_LOG);
      },
      onBoot: ({ label }) => this.boots.push(label),
      onDead: (error) => {
        throw error;
      },
    });
    this.#board.powerOn();
  }

  get modules(): BoardModules {
    return this.#modules as BoardModules;
  }

  get ports(): Device {
    return this.#device as Device;
  }

  /** Power off and on again. */
  reboot(): Device {
    this.#board.cutPower();
    this.#board.powerOn();
    return this.ports;
  }

  stop(): void {
    this.#board.cutPower();
  }
}

/** A copy of the chip that lives in a file. */
export class FlashFile {
  readonly #folder = mkdtempSync(join(tmpdir(), "flash-file-"));
  readonly #path = join(this.#folder, "flash.bin");
  readonly flash: NorFlash;

  constructor(source: NorFlash) {
    const file = openSync(this.#path, "w");
    writeSync(file, source.slice(0, source.byteLength));
    closeSync(file);
    this.flash = FileMedium.open(this.#path, "r+");
  }

  bytes(): Uint8Array {
    return new Uint8Array(readFileSync(this.#path));
  }

  remove(): void {
    this.flash.close();
    rmSync(this.#folder, { recursive: true });
  }
}
