import type { PresenceSource } from "../../../cloud/options.js";
import type { CdnSchemeName } from "../../../cloud/files/cdn.js";
import type { GatewayFaults } from "../../../cloud/platform/gateway-faults.js";
import type { Role } from "../../../cloud/processes/processes.js";
import type { DatabaseChoice } from "../database.js";
import type { LogForm } from "../log.js";
import type { FilesChoice } from "../files-choice.js";

/** On which addresses and ports the servers listen, and by which names others reach them. */
export interface AddressOptions {
  readonly listen: string;
  readonly publicHost?: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly pskPort?: number;
  readonly consoleListen: string;
  readonly consolePort: number;
  readonly behindProxy?: boolean;
  readonly consoleUrl?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
}

/** Where the state is kept. */
export interface StateOptions extends DatabaseChoice {
  readonly state: string;
  readonly role?: Role;
  /** Days. */
  readonly keepEvents?: number;
}

/** How messages reach the devices. */
export interface BrokerOptions {
  readonly broker?: string;
  readonly presence?: PresenceSource;
  readonly hooksListen?: string;
  readonly hooksPort?: number;
  readonly hooksSecretFile?: string;
  readonly hooksWithoutSecret?: boolean;
}

/** Where files are, and how they reach the devices. */
export interface FileOptions extends FilesChoice {
  /** Seconds. */
  readonly urlLifetime?: number;
  readonly cdn?: CdnSchemeName;
  readonly cdnUrl?: string;
  readonly cdnKeyFile?: string;
  readonly cdnKeyId?: string;
}

/** For tests and demonstrations. */
export interface DemoOptions {
  readonly gatewayFaults?: GatewayFaults;
  readonly faults?: string;
  /** How many simulated boards live beside the cloud; `true`: as many as before, or the default. */
  readonly demo?: number | true;
  readonly demoSeed?: number;
}

export interface LogOptions {
  readonly verbose?: boolean;
  readonly log?: LogForm;
}

/** How the process ends. */
export interface EndOptions {
  /** Seconds. */
  readonly drain?: number;
}

export interface ServeOptions
  extends AddressOptions,
    StateOptions,
    BrokerOptions,
    FileOptions,
    DemoOptions,
    LogOptions,
    EndOptions {}
