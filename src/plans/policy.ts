import { OtaError } from "../errors.js";
import { faultOfSettings, type Known, type SettingNames } from "../lib/settings.js";
import { numberIn, wholeIn } from "../update/settings.js";
import { parseWindows, type Window } from "./window.js";

/** When updates may happen, and who is asked. Everything has a default. */
export interface PolicyConfig {
  /** Whether a plan waits for `accept`. Default: it does if the application listens to `plan`. */
  readonly consent?: "silent" | "ask" | undefined;
  /** Least charge of the battery. An unknown one counts as enough. */
  readonly minBatteryPercent?: number | undefined;
  /** Least strength of the signal. An unknown one counts as enough. */
  readonly minSignalDbm?: number | undefined;
  /**
   * Times of day, `HH:MM`, in which updates happen; across midnight if `to` is the earlier one. Default: at any time.
   */
  readonly windows?: readonly { readonly from: string; readonly to: string }[] | undefined;
  /** How far the windows' time is from UTC, east positive. Default 0. */
  readonly timeZoneOffsetMinutes?: number | undefined;
  /** How often one image may be deferred. Default 3. */
  readonly maxDeferrals?: number | undefined;
  /**
   * `downloaded` (default): at once, within the windows. `accepted`: the person is asked a second time. `window`:
   * within the windows, which then do not hold for the download.
   */
  readonly installWhen?: "downloaded" | "accepted" | "window" | undefined;
  /** Failed jobs after which an image cools down. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** How long an image that reverted, or failed too often, is refused. Default 86,400, a day. */
  readonly coolDownSeconds?: number | undefined;
  /** From the first offer of an image to its installation; after that the job fails. Default: no limit. */
  readonly deadlineSeconds?: number | undefined;
  /** Between two looks at preconditions that are not met. Default 10. */
  readonly recheckSeconds?: number | undefined;
  /** Whether a manifest is looked for next to the firmware. Default: yes. */
  readonly manifest?: boolean | undefined;
}

/** The same, checked and with every default filled in. */
export interface Policy {
  readonly consent: "silent" | "ask" | undefined;
  readonly minBatteryPercent: number | undefined;
  readonly minSignalDbm: number | undefined;
  readonly windows: readonly Window[];
  readonly timeZoneOffsetMinutes: number;
  readonly maxDeferrals: number;
  readonly installWhen: "downloaded" | "accepted" | "window";
  readonly maxAttempts: number;
  readonly coolDownSeconds: number;
  readonly deadlineSeconds: number | undefined;
  readonly recheckMs: number;
  readonly manifest: boolean;
}

const NAMES: SettingNames = Object.freeze({
  policy: Object.freeze({
    consent: 1,
    minBatteryPercent: 1,
    minSignalDbm: 1,
    windows: 1,
    timeZoneOffsetMinutes: 1,
    maxDeferrals: 1,
    installWhen: 1,
    maxAttempts: 1,
    coolDownSeconds: 1,
    deadlineSeconds: 1,
    recheckSeconds: 1,
    manifest: 1,
  } satisfies Known<PolicyConfig>),
});

/** A year. The record of the plan memory has room for it, and nobody needs more. */
export const LONGEST_SECONDS = 31_536_000;

/** Longest time that one timer can wait. */
const LONGEST_DEADLINE_SECONDS = 2_000_000;

/** @throws OtaError `usage`, one line that says which setting is wrong */
export function resolvePolicy(config: PolicyConfig): Policy {
  const fault = faultOfSettings(config, "policy", NAMES);
  if (fault !== undefined) throw new OtaError("usage", fault);
  const {
    consent,
    minBatteryPercent,
    minSignalDbm,
    windows = [],
    timeZoneOffsetMinutes = 0,
    maxDeferrals = 3,
  } = config;
  const {
    installWhen = "downloaded",
    maxAttempts = 5,
    coolDownSeconds = 86_400,
    deadlineSeconds,
    recheckSeconds = 10,
    manifest = true,
  } = config;
  return {
    consent: oneOf("consent", consent, [undefined, "silent", "ask"]),
    minBatteryPercent: optional("minBatteryPercent", minBatteryPercent, 0, 100),
    minSignalDbm: optional("minSignalDbm", minSignalDbm, -200, 0),
    windows: parseWindows(windows),
    timeZoneOffsetMinutes: wholeIn("timeZoneOffsetMinutes", timeZoneOffsetMinutes, -1440, 1440),
    maxDeferrals: wholeIn("maxDeferrals", maxDeferrals, 0, 255),
    installWhen: oneOf("installWhen", installWhen, ["downloaded", "accepted", "window"]),
    maxAttempts: wholeIn("policy.maxAttempts", maxAttempts, 1, 255),
    coolDownSeconds: numberIn("coolDownSeconds", coolDownSeconds, 0, LONGEST_SECONDS),
    deadlineSeconds: optional("deadlineSeconds", deadlineSeconds, 1, LONGEST_DEADLINE_SECONDS),
    recheckMs: numberIn("recheckSeconds", recheckSeconds, 0.01, 86_400) * 1000,
    manifest: oneOf("manifest", manifest, [true, false]),
  };
}

export function oneOf<Value>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (!allowed.includes(value)) {
    throw new OtaError("usage", `${name} is none of ${allowed.filter((each) => each !== undefined).join(", ")}`);
  }
  return value;
}

/** @throws OtaError `usage` for a value that is neither absent nor between the two */
export function optional(name: string, value: number | undefined, least: number, most: number): number | undefined {
  return value === undefined ? undefined : numberIn(name, value, least, most);
}
