import type { Surroundings } from "../../hal/boards/sim/platform.js";
import { checkPolicy } from "../../src/components/part.js";
import { OtaError, type PolicyConfig } from "../../src/index.js";
import { UsageError } from "../command-line.js";
import { readJson } from "../files.js";

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

const WINDOW_FIELDS = { from: true, to: true };

/** @throws UsageError with one line that names the file and what is wrong in it */
export function readPolicy(path: string): PolicyConfig {
  const policy: PolicyConfig = readObject(path);
  refuseUnknown(path, policy, POLICY_FIELDS, "a policy");
  try {
    checkPolicy(policy);
  } catch (error) {
    throw error instanceof OtaError ? new UsageError(`${path}: ${error.message}`) : error;
  }
  for (const window of policy.windows ?? []) refuseUnknown(path, window, WINDOW_FIELDS, "a window");
  return policy;
}

/** A setting with a misspelt name would have no effect, so it is refused. */
function refuseUnknown(path: string, found: object, known: object, what: string): void {
  const unknown = Object.keys(found).find((field) => !Object.hasOwn(known, field));
  if (unknown !== undefined) throw new UsageError(`${path}: ${unknown} is no field of ${what}`);
}

/**
 * The simulated board's sensors, in a file that may change at any time. While the file is incomplete, the last values
 * remain.
 */
export class VitalsFile implements Surroundings {
  readonly #path: string;
  #last: Vitals;

  /** @throws UsageError if the file cannot be read or is wrong at the beginning */
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
      // The program that writes the file has not finished.
    }
    return this.#last;
  }
}

interface Vitals {
  readonly batteryPercent?: number;
  readonly signalDbm?: number;
}

const VITALS_BOUNDS = { batteryPercent: [0, 100], signalDbm: [-200, 0] } as const;

function readVitals(path: string): Vitals {
  const vitals = readObject(path);
  refuseUnknown(path, vitals, VITALS_BOUNDS, "vitals");
  for (const [field, [least, most]] of Object.entries(VITALS_BOUNDS)) {
    const value = vitals[field];
    if (value === undefined) continue;
    if (typeof value !== "number") throw new UsageError(`${path}: ${field} is not a number`);
    if (!(value >= least && value <= most)) {
      throw new UsageError(`${path}: ${field} is not between ${least} and ${most}`);
    }
  }
  return vitals;
}

function readObject(path: string): { readonly [field: string]: unknown } {
  const value = readJson(path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${path}: not a JSON object`);
  }
  return value as { readonly [field: string]: unknown };
}
