import type { Power } from "../../hal/boards/sim/power.js";
import type { BoardModules, PlatformModule } from "../../hal/ecma419/modules.js";

/** The modules of a board that keep bytes, or compute on them. */
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

/** How an operation ends in which the power goes; `undefined`: nothing is cut. */
export type CutPlan = (kind: ChangeKind, index: number) => number | undefined;

/** Flash, key-value store and boot loader of a board under test. */
export interface Chip {
  readonly blockLength: number;
  readonly slotLength: number;
  /**
   * The power comes on. @returns `undefined` if no image boots @throws PowerLost if the boot loader's own change
   * is cut
   */
  boot(options: ChipBoot): ChipModules | undefined;
  /** The slot that runs, with its bytes and state. */
  running(): { readonly slot: string; readonly bytes: Uint8Array; readonly state: string | undefined };
  /** Keys in the agent's namespace. */
  keys(): readonly string[];
  /** Whether a slot holds a whole, sound image. */
  soundSlots(): number;
}
