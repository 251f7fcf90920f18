import { createDevice, type Device } from "moddable-ota";
import { Digest } from "crypt";
import FFI from "mc/ffi";
import Modules from "modules";
import Net from "net";
import TCP from "embedded:io/socket/tcp";
import TLS from "embedded:io/socket/tcp/tls";
import Time from "time";
import Timer from "timer";
import type { DeviceOptions } from "../device.js";
import { type Provisioning, readProvisioning as read } from "../provisioning.js";
import { reportAborts } from "./abort.js";
import { bootBoard } from "./board.js";
import type { Directory } from "./files.js";
import { createProvisioningFile } from "./provisioning-file.js";

export type { DeviceOptions } from "../device.js";
export type { Provisioning } from "../provisioning.js";

/**
 * Opens this process as the agent's device; its state is the working folder. Each process is one boot, so this is
 * called once.
 *
 * @throws Error if the folder holds no board
 */
export function openDevice({ log, batteryPercent }: DeviceOptions): Device {
  reportAborts(trace);
  const native = new FFI();
  const files = workingFolder();
  const { boot, ...storage } = bootBoard({ files, Digest, restart: () => native.ota_restart() });
  const platform = {
    boot,
    resolve: Net.resolve,
    randomFill(into: Uint8Array) {
      const bytes = new Uint8Array(into.byteLength);
      if (native.ota_random(bytes.buffer, bytes.byteLength) !== 0) throw new Error("ESP_FAIL");
      into.set(bytes);
    },
    unixTime: () => Math.floor(Date.now() / 1000),
    ...(batteryPercent === undefined ? {} : { batteryPercent }),
  };
  return createDevice({ ...storage, TCP, TLS, Timer, Time, Digest, platform }, log);
}

/**
 * Reads what the working folder holds in the place of NVS. The file `device.json` has the entries of type string. Each
 * blob is a file of its own, as `brokerCa.der`.
 */
export function readProvisioning(): Provisioning {
  return read({ keyValue: createProvisioningFile(workingFolder()) });
}

/** Does nothing: the file `device.json` is its owner's. */
export function forgetProductSecret(): void {}

/** Strength of the Wi-Fi signal in dBm. It is always `undefined`, because a process has no radio. */
export function signalDbm(): number | undefined {
  return undefined;
}

/** This module opens its folder when it is loaded. If it were preloaded, it would do so on the machine that builds. */
function workingFolder(): Directory {
  return Modules.importNow("embedded:storage/files") as Directory;
}
