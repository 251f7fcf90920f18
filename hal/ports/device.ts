import type { BootControl } from "./boot.js";
import type { FlashPartition } from "./flash.js";
import type { HttpClient } from "./http.js";
import type { KeyValueStore } from "./key-value.js";
import type { Connector } from "./network.js";
import type { Packages } from "./packages.js";
import type { Clock, Digests, Log, Random, Signatures, Vitals } from "./system.js";

/** Everything that a board supplies. The agent uses nothing else of the board. */
export interface Device {
  readonly boot: BootControl;
  /** Opens a data partition for writing. @throws HalError `io` if no partition has that label */
  openPartition(label: string): FlashPartition;
  readonly store: KeyValueStore;
  readonly connector: Connector;
  readonly http: HttpClient;
  readonly digests: Digests;
  /** Absent if the board has no native code for it. */
  readonly signatures?: Signatures | undefined;
  /** Absent if the board has no native code for it: then JavaScript makes the blocks of packages. */
  readonly packages?: Packages | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly vitals: Vitals;
  readonly log: Log;
}
