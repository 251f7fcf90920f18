/** The state of the cloud as one JSON file, as versions before the database kept it. */
export interface JsonState {
  readonly devices: readonly JsonDevice[];
  readonly firmwares: readonly JsonFirmware[];
  readonly tasks: readonly JsonTask[];
  readonly rules: readonly JsonRule[];
  /** Absent in the oldest form. */
  readonly products?: readonly JsonProduct[];
  /** Key that signs the URLs, in hexadecimal. */
  readonly signingKey: string;
}

interface JsonName {
  readonly productId: string;
  readonly deviceName: string;
}

export interface JsonDevice extends JsonName {
  readonly deviceSecret?: string;
  readonly version?: string;
  readonly gateway?: JsonName;
  readonly activated?: true;
  readonly selfRegistered?: true;
}

export interface JsonProduct {
  readonly productId: string;
  readonly productSecret: string;
  readonly registration: "off" | "listed" | "any";
  readonly deviceLimit?: number;
}

export interface JsonFirmware {
  readonly productId: string;
  readonly version: string;
  readonly size: number;
  readonly md5: string;
  readonly manifest?: {
    readonly sourceVersion?: string;
    readonly minBatteryPercent?: number;
    readonly minSignalDbm?: number;
    readonly space?: number;
    readonly kind?: "module" | "mcu";
    readonly component?: string;
  };
}

export interface JsonTask extends JsonName {
  readonly version: string;
  readonly state: "to-push" | "pushed" | "downloading" | "burning" | "success" | "failed";
  readonly percent?: number;
  readonly resultCode?: string;
  readonly resultMessage?: string;
}

export interface JsonRule {
  readonly productId: string;
  readonly version: string;
  readonly fromVersions: readonly string[];
}

/** @returns the state, or `undefined` if the text holds none */
export function parseJsonState(text: string): JsonState | undefined {
  try {
    const state = JSON.parse(text) as JsonState;
    const { devices, firmwares, tasks, rules, products = [], signingKey } = state;
    const whole = [devices, firmwares, tasks, rules, products].every(Array.isArray) && typeof signingKey === "string";
    return whole ? state : undefined;
  } catch {
    return undefined;
  }
}
