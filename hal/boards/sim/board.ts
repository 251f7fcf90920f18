import type { BoardModules } from "../../ecma419/modules.js";
import { type BootChoice, bootLoader } from "./boot-loader.js";
import { NodeDigest } from "./digest.js";
import type { SecureVersionEfuse } from "./efuse.js";
import { chipIdOf } from "./flash-chip.js";
import { createFlashModule } from "./flash-module.js";
import type { NorFlash } from "./nor-flash.js";
import { createKeyValueModule } from "./nvs/key-value-module.js";
import { mountNvs } from "./nvs/nvs.js";
import { dataPartition, type Partition, SUBTYPE_DATA_NVS } from "./partition-table.js";
import { createPlatform, type Surroundings } from "./platform.js";
import { Power } from "./power.js";
import { createTcp } from "./tcp.js";
import { createTimeModule, createTimerModule } from "./timers.js";
import { createTls } from "./tls.js";

export interface SimulatedBoardOptions {
  flash: NorFlash;
  /** What runs after the boot loader; called at each boot, with the power of that boot. */
  firmware(modules: BoardModules, power: Power): void;
  /** Called at each boot, before the firmware runs. */
  onBoot?(running: Partition): void;
  /** Whether TLS refuses the certificates that the SDK's TLS refuses but Node's accepts. */
  readonly strictTls?: boolean;
  readonly surroundings?: Surroundings | undefined;
  /** ESP-IDF's anti-rollback is on if it is present. */
  readonly efuse?: SecureVersionEfuse | undefined;
  /** Called if no image boots or the firmware did not start. */
  onDead(error: Error): void;
}

/** A simulated chip of the ESP32 family. Its flash determines which one. It runs one firmware at a time. */
export class SimulatedBoard {
  readonly #options: SimulatedBoardOptions;
  #power: Power | undefined;

  constructor(options: SimulatedBoardOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#power !== undefined;
  }

  powerOn(): void {
    if (this.#power === undefined) this.#boot();
  }

  /** Cuts the power at once, even if something is under way. Only the flash keeps its bytes. */
  cutPower(): void {
    this.#power?.cut();
    this.#power = undefined;
  }

  #boot(): void {
    const { flash, firmware, onBoot, onDead } = this.#options;
    const power = new Power();
    this.#power = power;
    try {
      const chipId = chipIdOf(flash);
      const boot = bootLoader(flash, chipId, this.#options.efuse);
      onBoot?.(boot.slots[boot.running] as Partition);
      firmware(this.#modules(power, boot, chipId), power);
    } catch (error) {
      if (!power.on) return;
      this.cutPower();
      onDead(error as Error);
    }
  }

  #modules(power: Power, boot: BootChoice, chipId: number): BoardModules {
    const { flash } = this.#options;
    const running = boot.slots[boot.running] as Partition;
    const target = boot.slots[(boot.running + 1) % boot.slots.length] as Partition;
    const nvs = mountNvs(flash, dataPartition(boot.partitions, SUBTYPE_DATA_NVS, "nvs"));
    return {
      flash: createFlashModule({ flash, power, partitions: boot.partitions, running, target }),
      keyValue: createKeyValueModule(nvs, power),
      TCP: createTcp(power),
      TLS: createTls(power, this.#options.strictTls === true),
      Timer: createTimerModule(power),
      Time: createTimeModule(),
      Digest: NodeDigest,
      platform: createPlatform({
        flash,
        power,
        boot,
        chipId,
        efuse: this.#options.efuse,
        surroundings: this.#options.surroundings,
        restart: () => this.#restart(power),
      }),
    };
  }

  /** The old firmware ends at once; the next boot comes in a later turn of the event loop. */
  #restart(power: Power): void {
    power.cut();
    setImmediate(() => {
      if (this.#power === power) this.#boot();
    });
  }
}
