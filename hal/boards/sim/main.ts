import { mqtt } from "../../../src/application-mqtt/part.js";
import { plans } from "../../../src/components/part.js";
import { control } from "../../../src/control/part.js";
import { gateway } from "../../../src/gateway/part.js";
import { type ComponentOptions, type DeviceName, OtaAgent, type OtaConfig } from "../../../src/index.js";
import type { BoardModules } from "../../ecma419/modules.js";
import type { Log } from "../../ports/index.js";
import { createDevice } from "../device.js";
import { createSubDeviceLink, type SubDeviceBus } from "../sub-device-link.js";

/** A simulated sub-device behind the board. */
export interface AttachedSubDevice extends SubDeviceBus, DeviceName {}

/** Another chip behind the board. It is not a device of its own on the platform. */
export interface AttachedComponent
  extends SubDeviceBus,
    Pick<ComponentOptions, "id" | "kind" | "minBatteryPercent" | "dependsOn"> {
  /** Time between two pieces of an installation, in milliseconds. */
  readonly pauseMs?: number;
}

export interface FirmwareOptions {
  readonly config: OtaConfig;
  readonly log: Log;
  /** Sub-devices behind the board. If there are any, the board is a gateway. */
  readonly subDevices?: readonly AttachedSubDevice[];
  readonly components?: readonly AttachedComponent[];
  /** Whether the agent has the part `control`. */
  readonly control?: boolean;
  /** Called with the agent of each boot, before it starts. */
  onAgent?(agent: OtaAgent): void;
}

/** The application firmware of the simulated board. It is the same for every image in the slot: the agent alone. */
export function createFirmware(options: FirmwareOptions): (modules: BoardModules) => void {
  return (modules) => {
    const agent = new OtaAgent({
      device: createDevice(modules, options.log),
      config: options.config,
      parts: { gateway, mqtt, plans, control: options.control === true ? control : undefined },
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
