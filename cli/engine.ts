import { Option } from "commander";
import type { BoardModules } from "../hal/ecma419/modules.js";
import { createFirmware, type FirmwareOptions } from "../hal/boards/sim/main.js";
import type { Power } from "../hal/boards/sim/power.js";
import { chipName, SDK_CHIPS } from "../hal/boards/family/chips.js";
import { heapOf, type HeapSize, sealHeap } from "../hal/boards/xs/heap.js";
import { buildXsHost } from "../hal/boards/xs/host/build.js";
import { createXsFirmware } from "../hal/boards/xs/main.js";
import { XsPanic } from "../hal/boards/xs/worker.js";
import type { LogLevel } from "../hal/ports/index.js";
import type { OtaAgent } from "../src/index.js";

/** What runs the agent on the simulated board. */
export const ENGINES = ["node", "xs"] as const;
export type EngineName = (typeof ENGINES)[number];

/** The agent of one boot, whatever engine it runs on. */
export interface BoardAgent extends Pick<OtaAgent, "on" | "state"> {
  stop(): void | Promise<void>;
}

export interface BoardFirmwareOptions extends Omit<FirmwareOptions, "onAgent"> {
  /** Lines of a lower level are not made on XS: they would take its memory. */
  readonly logLevel: LogLevel;
  /** Called with the agent of each boot, before it starts. */
  onAgent(agent: BoardAgent): void;
  /** The engine died as it dies on a chip, which restarts then. @param reason one line */
  onPanic(reason: string): void;
  /** The engine ended in a way that no restart mends. */
  onDead(error: Error): void;
}

export const engineOption = (): Option =>
  new Option(
    "--engine <name>",
    "what runs the agent: xs is a chip's engine, in exactly the heap and stack of the board's chip",
  )
    .choices([...ENGINES])
    .default("node");

/** Makes the firmware of the simulated board. */
export type BoardFirmware = (options: BoardFirmwareOptions) => (modules: BoardModules, power: Power) => void;

/**
 * The host of XS is built, if it was not yet.
 *
 * @returns makes firmware for this engine
 * @throws MissingPrerequisite if XS cannot be built: one line that says what to install
 */
export async function prepareEngine(name: EngineName): Promise<BoardFirmware> {
  if (name === "node") return createFirmware;
  const worker = await buildXsHost({ onBuild: () => process.stderr.write("building the XS engine, this once\n") });
  return (options) =>
    createXsFirmware({
      ...options,
      worker,
      onLoaded: (loaded, { platform }) => sealHeap(loaded, heapOfChip(platform.boot.chipId())),
      onCrash: (error) => (error instanceof XsPanic ? options.onPanic(error.reason) : options.onDead(error)),
    });
}

/** @throws Error if the SDK has no target with the chip */
function heapOfChip(chipId: number): HeapSize {
  const chip = SDK_CHIPS.find(({ id }) => id === chipId);
  if (chip === undefined) throw new Error(`the Moddable SDK has no target with ${chipName(chipId)}: XS runs on none`);
  return heapOf(chip);
}
