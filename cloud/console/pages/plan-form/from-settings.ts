import type { PlanInput } from "../../../operator/types.js";
import { durationOf, sizeOf } from "./amounts.js";
import {
  askedByDefault,
  newForm,
  type PackageEntry,
  type PlanFormState,
  type RetryEntry,
  type TextEntry,
} from "./plan-form-state.js";

type Fields = { readonly [key: string]: unknown };

/** What the cloud takes if plan.json names no time zone. */
const DEFAULT_ZONE = "UTC";
const OWN_FIRMWARE = "firmware";

/**
 * @param settings plan.json as the cloud gives it or a person wrote it; what it leaves out, or is of another type, is
 * the default
 */
export function fromSettings(settings: PlanInput): PlanFormState {
  const defaults = newForm(DEFAULT_ZONE);
  const { from, devices, allow, deny, window, strategy, pace, halt } = settings;
  const open = fieldsOf(window);
  const { minBatteryPercent, minSignalDbm, space } = fieldsOf(strategy);
  const { maxInFlight, maxAsked, perMinute, stages } = fieldsOf(pace);
  const { percent, atLeast } = fieldsOf(halt);
  return {
    ...defaults,
    name: textOf(settings["name"], ""),
    product: textOf(settings["product"], ""),
    packages: packagesOf(settings),
    override: textOf(settings["override"], ""),
    scope: scopeOf(from, devices),
    from: namesOf(from),
    devices: namesOf(devices).join("\n"),
    hasAllow: Array.isArray(allow),
    allow: namesOf(allow).join("\n"),
    deny: namesOf(deny).join("\n"),
    dynamic: settings["dynamic"] === true,
    timeZone: textOf(settings["timeZone"], DEFAULT_ZONE),
    zone: settings["zone"] === "plan" ? "plan" : "device",
    hasWindow: window !== undefined,
    windowFrom: numberText(open["from"], defaults.windowFrom),
    windowTo: numberText(open["to"], defaults.windowTo),
    mode: settings["mode"] === "confirm" ? "confirm" : "silent",
    texts: textsOf(settings["texts"], defaults.texts),
    minBatteryPercent: numberText(minBatteryPercent, ""),
    minSignalDbm: numberText(minSignalDbm, ""),
    space: typeof space === "number" ? sizeOf(space) : defaults.space,
    maxInFlight: numberText(maxInFlight, defaults.maxInFlight),
    maxAsked: isOwnChoice(maxAsked, maxInFlight) ? String(maxAsked) : "",
    perMinute: numberText(perMinute, defaults.perMinute),
    stages: Array.isArray(stages) ? stages.map(String) : defaults.stages,
    haltPercent: numberText(percent, defaults.haltPercent),
    haltAtLeast: numberText(atLeast, defaults.haltAtLeast),
    retry: retryOf(settings["retry"], defaults.retry),
    silentAfter: secondsIn(settings["silentAfterSeconds"], defaults.silentAfter),
    answerWithin: secondsIn(settings["answerWithinSeconds"], defaults.answerWithin),
    conflict: settings["conflict"] === "replace" ? "replace" : "wait",
  };
}

/** Whether so many questions at a time are another number than the cloud makes of the devices in flight by itself. */
function isOwnChoice(maxAsked: unknown, maxInFlight: unknown): boolean {
  return typeof maxAsked === "number" && maxAsked !== askedByDefault(Number(maxInFlight));
}

/** @returns the form of a further plan: the reason for packages that are not verified belongs to its own plan alone */
export function copyOf(settings: PlanInput): PlanFormState {
  return { ...fromSettings(settings), override: "" };
}

function packagesOf({ version, packages }: PlanInput): readonly PackageEntry[] {
  if (!Array.isArray(packages)) return [{ component: OWN_FIRMWARE, version: textOf(version, "") }];
  return packages.map(fieldsOf).map((each) => ({
    component: textOf(each["component"], OWN_FIRMWARE),
    version: textOf(each["version"], ""),
  }));
}

function scopeOf(from: unknown, devices: unknown): PlanFormState["scope"] {
  if (from !== undefined) return devices === undefined ? "versions" : "versions-devices";
  return devices === undefined ? "all" : "devices";
}

/** Chinese and English have their fields even if nothing is in them. */
function textsOf(value: unknown, empty: readonly TextEntry[]): readonly TextEntry[] {
  const texts = fieldsOf(value);
  const entries = Object.entries(texts).map(([language, entry]) => {
    const { title, body } = fieldsOf(entry);
    return { language, title: textOf(title, ""), body: textOf(body, "") };
  });
  const required = empty.map((each) => entries.find(({ language }) => language === each.language) ?? each);
  return [...required, ...entries.filter((each) => !required.includes(each))];
}

function retryOf(value: unknown, fallback: readonly RetryEntry[]): readonly RetryEntry[] {
  if (!Array.isArray(value)) return fallback;
  return value.map(fieldsOf).map((each) => ({
    code: textOf(each["code"], "*"),
    times: numberText(each["times"], "1"),
    after: secondsIn(each["afterSeconds"], durationOf(60)),
  }));
}

function secondsIn(value: unknown, fallback: PlanFormState["silentAfter"]): PlanFormState["silentAfter"] {
  return typeof value === "number" ? durationOf(value) : fallback;
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

function numberText(value: unknown, fallback: string): string {
  return typeof value === "number" ? String(value) : fallback;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
