import { PlatformBoot } from "../ecma419/boot.js";
import { Ecma419Clock } from "../ecma419/clock.js";
import { Ecma419Connector } from "../ecma419/connector.js";
import { Ecma419Digests } from "../ecma419/digests.js";
import { Ecma419Flash } from "../ecma419/flash.js";
import { Ecma419KeyValue } from "../ecma419/key-value.js";
import type { BoardModules } from "../ecma419/modules.js";
import { PlatformVitals } from "../ecma419/vitals.js";
import { SocketHttpClient } from "../http/client.js";
import type { Device, Log } from "../ports/index.js";

/** NVS namespace of everything that the agent stores. */
const NAMESPACE = "ota";

/** What an application passes when it opens the device: the same on every board. */
export interface DeviceOptions {
  readonly log: Log;
  /** Charge of the battery in percent, if the application can measure it: the board itself has no gauge. */
  readonly batteryPercent?: () => number | undefined;
}

/**
 * Makes the ports from a board's modules, in the same way for every board.
 *
 * @throws HalError if the key-value store cannot be opened
 */
export function createDevice(modules: BoardModules, log: Log): Device {
  const clock = new Ecma419Clock(modules);
  const { verifyP256, decodeBlock } = modules.platform;
  const connector = new Ecma419Connector({ ...modules, clock });
  return {
    boot: new PlatformBoot(modules),
    openPartition: (label) => {
      const { flash, regionLength } = modules;
      return new Ecma419Flash({ flash, path: label, mode: "r+", regionLength });
    },
    store: new Ecma419KeyValue({ keyValue: modules.keyValue, path: NAMESPACE }),
    connector,
    http: new SocketHttpClient({ connector, clock }),
    digests: new Ecma419Digests(modules),
    signatures: verifyP256 && { verifyP256 },
    packages: decodeBlock && { decodeBlock },
    clock,
    random: { fill: (into) => modules.platform.randomFill(into) },
    vitals: new PlatformVitals(modules),
    log,
  };
}
