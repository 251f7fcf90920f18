import { type Power, PowerLost } from "../../hal/boards/sim/power.js";
import { createCrashBoard } from "../crash/board.js";
import { bootLoader, isSound } from "../crash/boot.js";
import { Scheduler } from "../support/scheduler.js";
import { modesOf, type Operation, perform, tear } from "../crash/tears.js";
import { factoryWorld, type Slot, SLOT_LABELS, SMALL, type World } from "../crash/world.js";
import type { Chip, ChipBoot, ChipModules, CutPlan } from "./chip.js";

const RECORD_LIMIT = 508;

/** The crash closure's chip: 8 blocks of 512 bytes, with the physics of torn operations and weak bits. */
export class SmallChip implements Chip {
  readonly blockLength = SMALL.blockLength;
  readonly slotLength = SMALL.slotBlocks * SMALL.blockLength;
  readonly #world: World;
  readonly #cutPlan: CutPlan;
  #operations = 0;
  #running = 0;
  #power: Power | undefined;

  constructor(options: { factory: Uint8Array; cutPlan: CutPlan }) {
    this.#world = factoryWorld(options.factory, "");
    this.#cutPlan = options.cutPlan;
  }

  boot({ power, restart, onBroken }: ChipBoot): ChipModules | undefined {
    this.#power = power;
    const change = (operation: Operation): void => this.#change(operation, onBroken);
    this.#running = bootLoader(this.#world, change);
    if (this.#running < 0) return undefined;
    const { flash, regionLength, keyValue, Digest, platform } = createCrashBoard({
      world: this.#world,
      running: this.#running,
      scheduler: new Scheduler(),
      servers: { accept: () => "refused" },
      change,
      onBroken,
      restart,
    });
    return { flash, regionLength, keyValue, Digest, boot: platform.boot };
  }

  running(): ReturnType<Chip["running"]> {
    const entry = this.#world.entries.find(
      (each) => each !== undefined && (each.sequence - 1) % SLOT_LABELS.length === this.#running,
    );
    return {
      slot: SLOT_LABELS[this.#running] as string,
      bytes: (this.#world.slots[this.#running] as Slot).bytes,
      state: entry?.state,
    };
  }

  keys(): readonly string[] {
    return Object.keys(this.#world.records);
  }

  soundSlots(): number {
    return [0, 1].filter((slot) => isSound(this.#world, slot)).length;
  }

  #change(operation: Operation, onBroken: (what: string) => void): void {
    this.#power?.check();
    if (operation.kind === "moment") return;
    if (operation.kind === "record" && (operation.bytes?.byteLength ?? 0) > RECORD_LIMIT) {
      onBroken("a record that is too long");
    }
    const planned = this.#cutPlan(operation.kind, this.#operations++);
    if (planned === undefined) {
      perform(this.#world, operation);
      return;
    }
    const modes = modesOf(operation);
    tear(this.#world, operation, modes[planned % modes.length] as (typeof modes)[number]);
    this.#power?.cut();
    throw new PowerLost();
  }
}
