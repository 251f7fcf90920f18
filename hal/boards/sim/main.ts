import { OtaAgent, type OtaConfig } from "../../../src/index.js";
import type { BoardModules } from "../../ecma419/modules.js";
import type { Log } from "../../ports/index.js";
import { createDevice } from "../device.js";

export interface FirmwareOptions {
  readonly config: OtaConfig;
  readonly log: Log;
  /** Told of the agent of each boot, before it starts. */
  onAgent?(agent: OtaAgent): void;
}

/** The application firmware of the simulated board: the agent and nothing else, whatever image is in the slot. */
export function createFirmware(options: FirmwareOptions): (modules: BoardModules) => void {
  return (modules) => {
    const agent = new OtaAgent({ device: createDevice(modules, options.log), config: options.config });
    options.onAgent?.(agent);
    agent.start();
  };
}
