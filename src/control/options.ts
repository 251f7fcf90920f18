import type { Device } from "../../hal/ports/index.js";
import type { MqttSession } from "../mqtt/session.js";
import type { Result } from "../protocol/messages.js";
import type { UpdateDriver } from "../update/driver.js";
import type { DownloadProgress } from "../update/machine/progress-of.js";
import type { Failure, State } from "../update/machine/types.js";
import type { Reporter } from "../update/reporter.js";

/** The agent's events that this part follows. */
export interface FollowedEvents {
  readonly state: { readonly from: State["name"]; readonly to: State["name"] };
  readonly progress: DownloadProgress;
  readonly connection: { readonly online: boolean };
  readonly answer: object;
  readonly result: { readonly version: string; readonly result: Result };
}

/** What the agent hands to the part. */
export interface ControlOptions {
  readonly device: Device;
  readonly session: MqttSession;
  readonly reporter: Reporter;
  readonly listeners: {
    add<Name extends keyof FollowedEvents>(name: Name, listener: (event: FollowedEvents[Name]) => void): void;
  };
  /** The version that is reported. */
  readonly version: string;
  driver(): UpdateDriver;
  isOnline(): boolean;
  /** @returns why the firmware in the other slot must not boot any more @throws HalError */
  rollbackFailure(): Failure | undefined;
  /** Stops the agent and restarts the board. */
  restart(): void;
}
