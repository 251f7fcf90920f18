import type { Device, TlsOptions } from "../../hal/ports/index.js";
import type { Result } from "../protocol/messages.js";
import { UpdateDriver, type UpdateLimits } from "../update/driver.js";
import type { Guard } from "../update/guard.js";
import type { Unpacker } from "../update/unpacker.js";
import type { Reporter } from "../update/reporter.js";
import type { Gate } from "../update/target.js";
import type { Event, Image, State } from "../update/machine/types.js";
import type { Recipient } from "./recipient.js";
import { StagedTarget, type StagingArea } from "./target.js";

export interface StagedJobOptions<Whom extends Recipient> {
  readonly device: Device;
  readonly area: StagingArea;
  readonly limits: UpdateLimits;
  readonly tls: TlsOptions;
  readonly installTimeoutMs: number;
  /** Absent: packages are refused. */
  readonly packages?: Unpacker | undefined;
  reporterOf(recipient: Whom): Reporter;
  /** Without a gate every image is wanted at once. */
  gateOf?(recipient: Whom): Gate | undefined;
  /** Absent: every image is taken. */
  guardOf?(recipient: Whom): Guard | undefined;
  onInstalling(recipient: Whom, image: Image, bytes: number): void;
  /** The platform has acknowledged a result. */
  onReported(recipient: Whom, version: string, result: Result): void;
}

/**
 * One update by way of the area: the same machine as for the own firmware, with another target. The caller starts it.
 *
 * @throws HalError if storage cannot be read
 */
export function createStagedJob<Whom extends Recipient>(
  options: StagedJobOptions<Whom>,
  recipient: Whom,
  onStep: (state: State, event: Event | undefined) => void,
): UpdateDriver {
  const { device, area, limits, tls, installTimeoutMs, packages } = options;
  const target = new StagedTarget({
    store: device.store,
    clock: device.clock,
    log: device.log,
    area,
    owner: recipient.owner,
    runningVersion: recipient.version,
    installer: recipient.installer,
    installTimeoutMs,
    onProgress: (image, bytes) => options.onInstalling(recipient, image, bytes),
    onInstalled: ({ version }) => {
      recipient.version = version;
      driver.runningVersion = version;
    },
  });
  const guard = options.guardOf?.(recipient);
  const gate = options.gateOf?.(recipient);
  const driver: UpdateDriver = new UpdateDriver({
    device,
    target: guard?.target(target) ?? target,
    runningVersion: recipient.version,
    gate: guard?.gate(gate) ?? gate,
    reporter: options.reporterOf(recipient),
    limits,
    tls,
    ...(packages && { packages }),
    onStep,
    onReported: (version, result) => options.onReported(recipient, version, result),
    onRestart: () => 0,
  });
  return driver;
}

/** Whether a job can be stopped without loss: bytes in the area are kept. */
export function isPreemptible({ name }: State): boolean {
  return name !== "applying" && name !== "reporting" && name !== "idle";
}
