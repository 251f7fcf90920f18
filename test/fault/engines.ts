import { type BoardModules, createDevice, type Log, OtaAgent, type OtaConfig } from "../../hal/boards/main.js";
import { packages } from "../../src/package/part.js";
import { seal } from "../../src/seal/part.js";
import type { Power } from "../../hal/boards/sim/power.js";
import { createXsAgent } from "./xs-agent.js";

/** The agent of one boot, as far as a run needs it. */
export type RunningAgent = Pick<OtaAgent, "state" | "start" | "stop">;

export interface EngineOptions {
  readonly modules: BoardModules;
  readonly power: Power;
  readonly config: OtaConfig;
  /** Whether the agent has the part `packages`. */
  readonly packages?: boolean;
  /** `undefined`: nobody listens. */
  readonly log: Log | undefined;
}

/**
 * Makes the agent of one boot. Each call, by the agent or into it, returns when all that follows at once is done.
 */
export type Engine = (options: EngineOptions) => RunningAgent;

const SILENT: Log = () => {};

/** The sources in this process, or the bundle that ships on the real engine. */
export const ENGINES: { readonly [name in "node" | "xs"]: Engine } = {
  node: ({ modules, config, packages: hasPackages, log = SILENT }) =>
    new OtaAgent({
      device: createDevice(modules, log),
      config,
      parts: {
        seal: config.seal === undefined ? undefined : seal,
        packages: hasPackages === true ? packages : undefined,
      },
    }),
  xs: createXsAgent,
};
export type EngineName = keyof typeof ENGINES;
