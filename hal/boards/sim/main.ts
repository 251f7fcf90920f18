import { mqtt } from "../../../src/application-mqtt/part.js";
import { plans } from "../../../src/components/part.js";
import { control } from "../../../src/control/part.js";
import { gateway } from "../../../src/gateway/part.js";
import { type ComponentOptions, type DeviceName, type Identity, OtaAgent, type OtaConfig } from "../../../src/index.js";
import { packages } from "../../../src/package/part.js";
import { seal } from "../../../src/seal/part.js";
import { register, type RegisterOptions } from "../../../src/registration/part.js";
import type { BoardModules } from "../../ecma419/modules.js";
import type { Device, Log } from "../../ports/index.js";
import { createDevice } from "../device.js";
import { createSubDeviceLink, type SubDeviceBus } from "../sub-device-link.js";
import type { Power } from "./power.js";

/** A simulated sub-device behind the board. */
export interface AttachedSubDevice extends SubDeviceBus, DeviceName {
  /** Its images need a seal. */
  readonly sealed?: boolean | undefined;
}

/** Another chip behind the board. It is not a device of its own on the platform. */
export interface AttachedComponent
  extends SubDeviceBus,
    Pick<ComponentOptions, "id" | "kind" | "minBatteryPercent" | "dependsOn" | "sealed"> {
  /** Time between two pieces of an installation, in milliseconds. */
  readonly pauseMs?: number;
}

/** How a board without a device secret gets one. */
export interface BoardRegistration extends Pick<RegisterOptions, "productSecret" | "url" | "authority"> {
  /** Called if the platform refuses; the board does nothing more then. */
  onRefused(error: Error): void;
}

export interface FirmwareOptions {
  readonly config: OtaConfig;
  /** If present, the board registers itself first, by the names of the identity in `config`, whose secret is none. */
  readonly registration?: BoardRegistration | undefined;
  readonly log: Log;
  /** Sub-devices behind the board. If there are any, the board is a gateway. */
  readonly subDevices?: readonly AttachedSubDevice[];
  readonly components?: readonly AttachedComponent[];
  /** Whether the agent has the part `control`. */
  readonly control?: boolean;
  /** Whether it has the part `packages`. */
  readonly packages?: boolean;
  /** Called with the agent of each boot, before it starts. */
  onAgent?(agent: OtaAgent): void;
}

/** The application firmware of the simulated board. It is the same for every image in the slot: the agent alone. */
export function createFirmware(options: FirmwareOptions): (modules: BoardModules, power: Power) => void {
  const run = (modules: BoardModules, device: Device, identity: Identity): void => {
    const agent = new OtaAgent({
      device,
      config: { ...options.config, identity },
      parts: {
        gateway,
        mqtt,
        plans,
        control: options.control === true ? control : undefined,
        seal: options.config.seal === undefined ? undefined : seal,
        packages: options.packages === true ? packages : undefined,
      },
    });
    for (const bus of options.subDevices ?? []) {
      const { productId, deviceName, sealed } = bus;
      agent.gateway.add({ productId, deviceName, sealed, link: createSubDeviceLink({ bus, Timer: modules.Timer }) });
    }
    for (const bus of options.components ?? []) {
      const { id, kind, minBatteryPercent, dependsOn, sealed, pauseMs } = bus;
      const link = createSubDeviceLink({ bus, Timer: modules.Timer, pauseMs });
      agent.components.add({ id, kind, minBatteryPercent, dependsOn, sealed, ...link });
    }
    options.onAgent?.(agent);
    agent.start();
  };
  return (modules, power) => {
    const device = createDevice(modules, options.log);
    const { identity } = options.config;
    if (options.registration === undefined) {
      run(modules, device, identity);
      return;
    }
    const { onRefused, ...registration } = options.registration;
    const { productId, deviceName, region } = identity;
    register({ device, productId, deviceName, region, ...registration })
      .then((registered) => {
        if (power.on) run(modules, device, registered);
      })
      .catch((error: Error) => {
        if (power.on) onRefused(error);
      });
  };
}
