import type { Surroundings } from "../hal/boards/sim/platform.js";
import { checkPolicy } from "../src/components/part.js";
import type { PolicyConfig } from "../src/index.js";
import { UsageError } from "./command-line.js";
import { readBytes } from "./files.js";

const POLICY_FIELDS: { readonly [Field in keyof Required<PolicyConfig>]: true } = {
  consent: true,
  minBatteryPercent: true,
  minSignalDbm: true,
  windows: true,
  timeZoneOffsetMinutes: true,
  maxDeferrals: true,
  installWhen: true,
  maxAttempts: true,
  coolDownSeconds: true,
  deadlineSeconds: true,
  recheckSeconds: true,
  manifest: true,
};

/** @throws UsageError for what is no object, or has a field of no policy; OtaError `usage` for a wrong value */
export function readPolicy(path: string): PolicyConfig {
  const policy = readObject(path);
  const unknown = Object.keys(policy).find((field) => !Object.hasOwn(POLICY_FIELDS, field));
  if (unknown !== undefined) throw new UsageError(`${path}: ${unknown} is no field of a policy`);
  checkPolicy(policy);
  return policy;
}

/** The simulated board's sensors, in a file that may change at any time: one that is half written keeps the last values. */
export class VitalsFile implements Surroundings {
  readonly #path: string;
  #last: Vitals;

  /** @throws UsageError where the file cannot be read, or is wrong, from the beginning */
  constructor(path: string) {
    this.#path = path;
    this.#last = readVitals(path);
  }

  batteryPercent(): number | undefined {
    return this.#read().batteryPercent;
  }

  signalDbm(): number | undefined {
    return this.#read().signalDbm;
  }

  #read(): Vitals {
    try {
      this.#last = readVitals(this.#path);
    } catch {
      // Its writer is not done.
    }
    return this.#last;
  }
}

interface Vitals {
  readonly batteryPercent?: number;
  readonly signalDbm?: number;
}

function readVitals(path: string): Vitals {
  const vitals = readObject(path);
  for (const field of ["batteryPercent", "signalDbm"]) {
    const value = vitals[field];
    if (value !== undefined && typeof value !== "number") throw new UsageError(`${path}: ${field} is not a number`);
  }
  return vitals;
}

function readObject(path: string): { readonly [field: string]: unknown } {
  const text = readBytes(path).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${path}: not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new UsageError(`${path}: not a JSON object`);
  return value as { readonly [field: string]: unknown };
}
