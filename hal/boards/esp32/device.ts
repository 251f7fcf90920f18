/**
 * The device on an ESP32, with the modules of the Moddable SDK.
 *
 * @module moddable-ota/device
 */
import Modules from "modules";
import { createDevice, type Device } from "moddable-ota";
import type { DeviceOptions } from "../device.js";
import { forgetProductSecret as forget, type Provisioning, readProvisioning as read } from "../provisioning.js";
import { logMemory } from "./memory.js";
import { platform } from "./platform.js";
import { sdkModule } from "./sdk-modules.js";

export type { DeviceOptions } from "../device.js";
export type { Provisioning, RegistrationEntries } from "../provisioning.js";
export { signalDbm } from "./platform.js";

/**
 * Opens this chip as the agent's device. It logs the engine's memory at level `debug`, and a stack that is too small at
 * level `warn`. The application connects Wi-Fi and sets the clock; TLS needs the clock to check dates.
 *
 * @throws Error that names the manifest to include, if the build lacks a module
 * @throws HalError if the key-value store cannot be opened
 */
export function openDevice({ log, batteryPercent }: DeviceOptions): Device {
  logMemory(log);
  return createDevice(
    {
      flash: sdkModule(Modules, "embedded:storage/flash"),
      keyValue: sdkModule(Modules, "embedded:storage/key-value"),
      TCP: sdkModule(Modules, "embedded:io/socket/tcp"),
      TLS: sdkModule(Modules, "embedded:io/socket/tcp/tls"),
      Timer: sdkModule(Modules, "timer"),
      Time: sdkModule(Modules, "time"),
      Digest: sdkModule(Modules, "crypt").Digest,
      platform: batteryPercent === undefined ? platform : { ...platform, batteryPercent },
    },
    log,
  );
}

/**
 * Reads what this board was provisioned with, from namespace `device` of its NVS.
 *
 * @throws Error that names the manifest to include, if the build lacks a module
 * @throws Error with the name of an `esp_err_t` if NVS fails
 */
export function readProvisioning(): Provisioning {
  return read({ keyValue: sdkModule(Modules, "embedded:storage/key-value") });
}

/**
 * Erases the product's secret from NVS: a board that has registered needs it no more.
 *
 * @throws Error as `readProvisioning` does
 */
export function forgetProductSecret(): void {
  forget({ keyValue: sdkModule(Modules, "embedded:storage/key-value") });
}
