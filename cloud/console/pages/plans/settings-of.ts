import type { PlanInput } from "../../../operator/types.js";

/** The settings of a plan as the cloud gives them: with every default. */
export interface PlanSettings {
  readonly packages: readonly { readonly component: string; readonly version: string }[];
  readonly from?: readonly string[];
  readonly devices?: readonly string[];
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly dynamic?: boolean;
  readonly timeZone?: string;
  readonly zone?: "plan" | "device";
  readonly window?: { readonly from: number; readonly to: number };
  readonly mode?: "silent" | "confirm";
  readonly texts?: { readonly [language: string]: { readonly title: string; readonly body: string } };
  readonly strategy?: { readonly minBatteryPercent?: number; readonly minSignalDbm?: number; readonly space?: number };
  readonly pace?: {
    readonly maxInFlight: number;
    readonly maxAsked?: number;
    readonly perMinute: number;
    readonly stages: readonly number[];
  };
  readonly halt?: { readonly percent: number; readonly atLeast: number };
  readonly retry?: readonly { readonly code: string; readonly times: number; readonly afterSeconds: number }[];
  readonly silentAfterSeconds?: number;
  readonly answerWithinSeconds?: number;
  readonly conflict?: "wait" | "replace";
  readonly override?: string;
}

export function settingsOf(input: PlanInput): PlanSettings {
  const settings = input as unknown as Partial<PlanSettings>;
  return { ...settings, packages: settings.packages ?? [] };
}

/** @returns the target versions: the component is named if it is not the device's own firmware */
export function targetsOf(input: PlanInput): readonly string[] {
  return settingsOf(input).packages.map(({ component, version }) =>
    component === "firmware" ? version : `${component} ${version}`,
  );
}

/** @returns a whole hour as a clock has it: `02:00` */
export function hourOf(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

const SECONDS: readonly (readonly ["day" | "hour" | "minute" | "second", number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** @returns a span in the largest unit that divides it: 3600 is an hour, 5400 are 90 minutes */
export function spanOf(seconds: number, locale: string): string {
  const [unit, length] = SECONDS.find(([, each]) => seconds >= each && seconds % each === 0) ?? ["second", 1];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
}
