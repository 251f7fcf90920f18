import { describe, test, type TestOptions } from "node:test";
import type { BoardModules, Log, OtaConfig } from "../../hal/boards/main.js";
import { type AttachedComponent, type AttachedSubDevice, createFirmware } from "../../hal/boards/sim/main.js";
import type { Power } from "../../hal/boards/sim/power.js";
import { findWorker, XsMissing } from "../../hal/boards/xs/files.js";
import { createXsFirmware } from "../../hal/boards/xs/main.js";
import type { OtaAgent } from "../../src/index.js";

/** The agent of one boot, on any engine. */
export interface RunningAgent extends Pick<OtaAgent, "on" | "state"> {
  stop(): void | Promise<void>;
  checkForUpdate(): Promise<unknown>;
  readonly mqtt: Pick<OtaAgent["mqtt"], "publish" | "subscribe">;
}

export interface EngineOptions {
  readonly config: OtaConfig;
  readonly log: Log;
  readonly subDevices?: readonly AttachedSubDevice[];
  readonly components?: readonly AttachedComponent[];
  /** Whether the agent has the part `control`. */
  readonly control?: boolean;
  /** Whether it has the part `packages`. */
  readonly packages?: boolean;
  /** Told of the agent of each boot, before it starts. */
  onAgent(agent: RunningAgent): void;
  /** Called if the firmware ends by an exception. */
  onCrash(error: Error): void;
}

/** What runs the agent on the simulated board. */
export interface Engine {
  readonly name: string;
  /** @throws Error of one line, if this machine cannot run it */
  check(): void;
  firmware(options: EngineOptions): (modules: BoardModules, power: Power) => void;
}

/** The sources, in this process. An exception in them ends it. */
export const NODE: Engine = { name: "Node", check: () => {}, firmware: (options) => createFirmware(options) };

/** The bundle that ships, on the real engine. */
export const XS: Engine = {
  name: "XS",
  check: () => void workerBinary(),
  firmware: (options) => createXsFirmware(options),
};

/** @throws XsMissing with one line: each of these tests needs no more than that */
export function workerBinary(): string {
  try {
    return findWorker();
  } catch (error) {
    if (error instanceof XsMissing) error.stack = error.message;
    throw error;
  }
}

const ENGINES = [NODE, XS];

/** Registers a test once for each engine; the two run side by side. */
export function testOnEngines(name: string, body: (engine: Engine) => Promise<void>, options: TestOptions = {}): void {
  describe(name, { concurrency: ENGINES.length }, () => {
    for (const engine of ENGINES) {
      test(`${name} [${engine.name}]`, options, () => {
        engine.check();
        return body(engine);
      });
    }
  });
}

/** Registers a test that needs the real engine. */
export function testOnXs(name: string, body: () => Promise<void>): void {
  test(name, () => {
    XS.check();
    return body();
  });
}
