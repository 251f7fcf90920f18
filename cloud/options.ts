import type { FaultSpec } from "./faults/fault.js";
import type { ServedRequest } from "./files/file-server.js";
import type { FilesSettings } from "./files/open-files.js";
import type { HookSettings } from "./hooks/open.js";
import type { Role } from "./processes/processes.js";
import type { TlsFiles } from "./listening.js";
import type { GatewayFaults } from "./platform/gateway-faults.js";

/** How another broker says who is connected. */
export const PRESENCE_SOURCES = ["unknown", "system-topics", "hooks"] as const;
export type PresenceSource = (typeof PRESENCE_SOURCES)[number];

/** How a cloud is to be started. */
export interface CloudOptions {
  /** Folder of the state. It is made if it does not exist. */
  readonly folder: string;
  /** `postgres://…`: the state is there. Default: in the folder. */
  readonly database?: string | undefined;
  /** With a database: what this process does of it. Default: all. */
  readonly role?: Role | undefined;
  /** The clock of this process, in milliseconds since 1970. Default: the system's. */
  now?(): number;
  /** Called with one line when this process begins to lead those on its database, and when it stops. */
  onStanding?(line: string): void;
  /** Address to listen on. Default 127.0.0.1. */
  readonly listen?: string;
  /** Host in the URLs that devices get. Default: the value of `listen`. */
  readonly publicHost?: string | undefined;
  /** Port of the broker and, below, of the file server; 0 means any free port. */
  readonly mqttPort?: number;
  readonly httpPort?: number;
  /** Port of the broker for devices that connect by TLS-PSK; 0 means any free port. Default: there is none. */
  readonly pskPort?: number | undefined;
  /** URL of another broker that is used instead of the cloud's own. */
  readonly broker?: string | undefined;
  /**
   * How another broker says who is connected: not at all, by events that it publishes below `$SYS`, or by calls of the
   * hooks. Default: not at all. The own broker needs none of it.
   */
  readonly presence?: PresenceSource | undefined;
  /** For another broker: it asks here who may connect, and what a client may do. Default: it is not asked. */
  readonly hooks?: HookSettings | undefined;
  /**
   * PEM files, for mqtts and https. With `clientCa`, the cloud asks devices for their certificates and accepts those
   * that this authority has signed.
   */
  readonly tls?: TlsFiles | undefined;
  /**
   * Seconds that a signed URL is valid. Default: one day, as on the platform, and a quarter of an hour for files in a
   * store.
   */
  readonly urlLifetimeSec?: number | undefined;
  /** Where the files of the packages are. Default: in the state folder. */
  readonly files?: FilesSettings | undefined;
  /** For how many days the history is kept. It is stored; absent: as it was set before, or 90. */
  readonly keepEventsDays?: number | undefined;
  /** Faults to inject into the answers to gateways. */
  readonly gatewayFaults?: GatewayFaults | undefined;
  /** Faults from the start. More can be added while the cloud runs. */
  readonly faults?: readonly FaultSpec[] | undefined;
  /** Whether there are simulated boards beside the cloud, which have faults of their own. */
  readonly simulatedBoards?: boolean | undefined;
  /** Called after a fault was added or removed. */
  onFaults?(): void;
  /** Called with one line when a fault strikes; the line never holds a secret. */
  onFault?(line: string): void;
  onServed?(request: ServedRequest): void;
  /** Called with one line for each device that registers itself; the line never holds a secret. */
  onRegistration?(line: string): void;
  /** Called for each message of a device. */
  onReport?(topic: string, payload: string): void;
  /** Called with one line when the cloud itself is in trouble, and when that is over. */
  onTrouble?(line: string): void;
  /** Called with one line about what is refused, or what the platform might refuse; it never holds a secret. */
  onWarning?(line: string): void;
}
