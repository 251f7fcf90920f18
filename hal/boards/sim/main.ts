import { plans } from "../../../src/components/part.js";
import { gateway } from "../../../src/gateway/part.js";
import { type ComponentOptions, type DeviceName, OtaAgent, type OtaConfig } from "../../../src/index.js";
import type { BoardModules } from "../../ecma419/modules.js";
import type { Log } from "../../ports/index.js";
import { createDevice } from "../device.js";
import { createSubDeviceLink, type SubDeviceBus } from "../sub-device-link.js";

/** A simulated sub-device behind the board. */
export interface AttachedSubDevice extends SubDeviceBus, DeviceName {}

/** Another chip behind the board, which has no name of its own on the platform. */
export interface AttachedComponent
  extends SubDeviceBus,
    Pick<ComponentOptions, "id" | "kind" | "minBatteryPercent" | "dependsOn"> {
  /** Between two pieces of an installation. */
  readonly pauseMs?: number;
}

export interface FirmwareOptions {
  readonly config: OtaConfig;
  readonly log: Log;
  /** Behind the board, which is a gateway then. */
  readonly subDevices?: readonly AttachedSubDevice[];
  readonly components?: readonly AttachedComponent[];
  /** Told of the agent of each boot, before it starts. */
  onAgent?(agent: OtaAgent): void;
}

/** The application firmware of the simulated board: the agent and nothing else, whatever image is in the slot. */
export function createFirmware(options: FirmwareOptions): (modules: BoardModules) => void {
  return (modules) => {
    const agent = new OtaAgent({
      device: createDevice(modules, options.log),
      config: options.config,
      parts: { gateway, plans },
    });
    for (const bus of options.subDevices ?? []) {
      const { productId, deviceName } = bus;
      agent.gateway.add({ productId, deviceName, link: createSubDeviceLink({ bus, Timer: modules.Timer }) });
    }
    for (const bus of options.components ?? []) {
      const { id, kind, minBatteryPercent, dependsOn, pauseMs } = bus;
      const link = createSubDeviceLink({ bus, Timer: modules.Timer, pauseMs });
      agent.components.add({ id, kind, minBatteryPercent, dependsOn, ...link });
    }
    options.onAgent?.(agent);
    agent.start();
  };
}
