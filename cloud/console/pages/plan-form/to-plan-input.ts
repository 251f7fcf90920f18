import type { PlanInput } from "../../../operator/types.js";
import { bytesOf, numberIn, secondsOf } from "./amounts.js";
import { namesIn } from "./names.js";
import type { PackageEntry, PlanFormState } from "./plan-form-state.js";

/** The cloud takes no longer name. */
export const LONGEST_NAME = 64;

/** @returns a name that says what the plan brings; empty as long as no version is chosen */
export function proposedName(packages: readonly PackageEntry[]): string {
  return packages
    .filter(({ version }) => version !== "")
    .map(({ component, version }) => `${component} ${version}`)
    .join(", ")
    .slice(0, LONGEST_NAME);
}

export function nameOf({ name, packages }: PlanFormState): string {
  return name ?? proposedName(packages);
}

/** @returns plan.json, with every key that the form says something about; the cloud checks it */
export function toPlanInput(form: PlanFormState): PlanInput {
  const { windowFrom, windowTo, override, minBatteryPercent, minSignalDbm, space } = form;
  return {
    name: nameOf(form),
    product: form.product,
    packages: form.packages,
    ...selectionIn(form),
    dynamic: form.dynamic,
    timeZone: form.timeZone,
    zone: form.zone,
    ...(form.hasWindow ? { window: { from: numberIn(windowFrom), to: numberIn(windowTo) } } : {}),
    mode: form.mode,
    texts: Object.fromEntries(
      form.texts
        .filter(({ title, body }) => title !== "" || body !== "")
        .map(({ language, title, body }) => [language, { title, body }]),
    ),
    strategy: {
      ...(minBatteryPercent.trim() === "" ? {} : { minBatteryPercent: numberIn(minBatteryPercent) }),
      ...(minSignalDbm.trim() === "" ? {} : { minSignalDbm: numberIn(minSignalDbm) }),
      ...(space.amount.trim() === "" ? {} : { space: bytesOf(space) }),
    },
    pace: {
      maxInFlight: numberIn(form.maxInFlight),
      ...(form.maxAsked.trim() === "" ? {} : { maxAsked: numberIn(form.maxAsked) }),
      perMinute: numberIn(form.perMinute),
      stages: form.stages.map(numberIn),
    },
    halt: { percent: numberIn(form.haltPercent), atLeast: numberIn(form.haltAtLeast) },
    retry: form.retry.map(({ code, times, after }) => ({
      code,
      times: numberIn(times),
      afterSeconds: secondsOf(after),
    })),
    silentAfterSeconds: secondsOf(form.silentAfter),
    answerWithinSeconds: secondsOf(form.answerWithin),
    conflict: form.conflict,
    ...(override.trim() === "" ? {} : { override }),
  };
}

/** @returns plan.json with what decides about the devices alone, so that a preview needs no more */
export function toPreviewInput(form: PlanFormState): PlanInput {
  const { product, packages, dynamic } = form;
  return { name: "preview", product, packages, ...selectionIn(form), dynamic };
}

function selectionIn(form: PlanFormState): PlanInput {
  const { scope, from, devices, hasAllow, allow, deny } = form;
  const denied = namesIn(deny).names;
  return {
    ...(scope === "all" ? { all: true } : {}),
    ...(scope === "versions" || scope === "versions-devices" ? { from } : {}),
    ...(scope === "devices" || scope === "versions-devices" ? { devices: namesIn(devices).names } : {}),
    ...(hasAllow ? { allow: namesIn(allow).names } : {}),
    ...(denied.length === 0 ? {} : { deny: denied }),
  };
}
