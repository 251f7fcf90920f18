/** An amount with its unit, as it is typed. Empty: nothing is said about it. */
export interface Amount<Unit extends string> {
  readonly amount: string;
  readonly unit: Unit;
}

export type DurationUnit = "seconds" | "minutes" | "hours" | "days";
export type ByteUnit = "B" | "KiB" | "MiB";

export const DURATION_UNITS: { readonly [unit in DurationUnit]: number } = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
};

export const BYTE_UNITS: { readonly [unit in ByteUnit]: number } = { B: 1, KiB: 1024, MiB: 1_048_576 };

/** Which of the lists that narrow the plan down are in use. */
export type Scope = "all" | "versions" | "devices" | "versions-devices";

export interface PackageEntry {
  readonly component: string;
  readonly version: string;
}

export interface TextEntry {
  readonly language: string;
  readonly title: string;
  readonly body: string;
}

export interface RetryEntry {
  readonly code: string;
  readonly times: string;
  readonly after: Amount<DurationUnit>;
}

/**
 * What stands in the fields of the form: plain data that survives JSON. Numbers are texts, so that what is typed
 * stays as it is until it is right; lists of names are the text that was pasted.
 */
export interface PlanFormState {
  /** `null`: the name that is proposed from the packages. */
  readonly name: string | null;
  readonly product: string;
  readonly packages: readonly PackageEntry[];
  readonly override: string;
  readonly scope: Scope;
  readonly from: readonly string[];
  readonly devices: string;
  readonly hasAllow: boolean;
  readonly allow: string;
  readonly deny: string;
  readonly dynamic: boolean;
  readonly timeZone: string;
  readonly zone: "plan" | "device";
  readonly hasWindow: boolean;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly mode: "silent" | "confirm";
  /** Chinese and English first; further languages behind them. */
  readonly texts: readonly TextEntry[];
  readonly minBatteryPercent: string;
  readonly minSignalDbm: string;
  readonly space: Amount<ByteUnit>;
  readonly maxInFlight: string;
  /** Empty: what the cloud makes of `maxInFlight`. */
  readonly maxAsked: string;
  readonly perMinute: string;
  readonly stages: readonly string[];
  readonly haltPercent: string;
  readonly haltAtLeast: string;
  readonly retry: readonly RetryEntry[];
  readonly silentAfter: Amount<DurationUnit>;
  readonly answerWithin: Amount<DurationUnit>;
  readonly conflict: "wait" | "replace";
}

/** @returns the form of a new plan: the defaults of plan.json, with the reader's time zone */
export function newForm(timeZone: string): PlanFormState {
  return {
    name: null,
    product: "",
    packages: [{ component: "firmware", version: "" }],
    override: "",
    scope: "all",
    from: [],
    devices: "",
    hasAllow: false,
    allow: "",
    deny: "",
    dynamic: false,
    timeZone,
    zone: "device",
    hasWindow: false,
    windowFrom: "2",
    windowTo: "6",
    mode: "silent",
    texts: [
      { language: "zh", title: "", body: "" },
      { language: "en", title: "", body: "" },
    ],
    minBatteryPercent: "",
    minSignalDbm: "",
    space: { amount: "", unit: "KiB" },
    maxInFlight: "100",
    maxAsked: "",
    perMinute: "100",
    stages: ["1", "5", "25", "100"],
    haltPercent: "10",
    haltAtLeast: "5",
    retry: [
      { code: "-1", times: "3", after: { amount: "1", unit: "minutes" } },
      { code: "-3", times: "3", after: { amount: "1", unit: "minutes" } },
      { code: "silent", times: "1", after: { amount: "1", unit: "hours" } },
    ],
    silentAfter: { amount: "1", unit: "hours" },
    answerWithin: { amount: "7", unit: "days" },
    conflict: "wait",
  };
}

/** Questions for each device in flight, and most of them, as the cloud has them if a plan says nothing. */
const ASKED_PER_PLACE = 10;
const MOST_ASKED = 1_000_000;

/** @returns the most devices that are in flight or ask their person, unless the plan says another number */
export function askedByDefault(maxInFlight: number): number {
  return Math.min(MOST_ASKED, ASKED_PER_PLACE * maxInFlight);
}
