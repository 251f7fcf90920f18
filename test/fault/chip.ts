import type { Power } from "../../hal/boards/sim/power.js";
import type { BoardModules, PlatformModule } from "../../hal/ecma419/modules.js";

/** What of a board's modules keeps bytes, or computes on them. */
export interface ChipModules extends Pick<BoardModules, "flash" | "regionLength" | "keyValue" | "Digest"> {
  readonly boot: PlatformModule["boot"];
}

export interface ChipBoot {
  readonly power: Power;
  restart(): void;
  /** The agent broke a rule of the hardware. */
  onBroken(what: string): void;
}

/** A kind of change to what outlives a power cut. */
export type ChangeKind = "program" | "erase" | "record" | "entry";

/** How one operation ends; the power goes with it. `undefined`: as it should. */
export type CutPlan = (kind: ChangeKind, index: number) => number | undefined;

/** Flash, key-value store and boot loader of a board under test. */
export interface Chip {
  readonly blockLength: number;
  readonly slotLength: number;
  /**
   * The power comes on. @returns `undefined` where no image boots @throws PowerLost where the boot loader's own change
   * is cut
   */
  boot(options: ChipBoot): ChipModules | undefined;
  /** Of the slot that runs. */
  running(): { readonly slot: string; readonly bytes: Uint8Array; readonly state: string | undefined };
  /** Keys in the agent's namespace. */
  keys(): readonly string[];
  /** Whether a slot holds a whole, sound image. */
  soundSlots(): number;
}
