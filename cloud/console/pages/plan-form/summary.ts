import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { namesIn } from "./names.js";
import type { Amount, DurationUnit, PlanFormState } from "./plan-form-state.js";
import { retryCodeWord } from "./retry-words.js";
import { haltSentence } from "./halt-words.js";
import { clockHour, windowLength } from "./zones.js";

/** @returns the plan in words: the step's name, and what stands in it */
export function summaryOf(form: PlanFormState): readonly (readonly [string, readonly string[]])[] {
  const { planForm } = texts.value;
  const { steps } = planForm;
  return [
    [
      steps.what,
      [packagesIn(form), ...(form.override.trim() === "" ? [] : [`${planForm.override}: ${form.override}`])],
    ],
    [steps.whom, whomIn(form)],
    [steps.when, whenIn(form)],
    [steps.pace, paceIn(form)],
    [steps.if, ifIn(form)],
  ];
}

function packagesIn({ packages }: PlanFormState): string {
  return packages.map(({ component, version }) => `${component} ${version}`).join(texts.value.planForm.thenNext);
}

function whomIn(form: PlanFormState): readonly string[] {
  const { planForm } = texts.value;
  const { scope, product, hasAllow, allow, deny, dynamic } = form;
  const count = (text: string): string => wholeNumber(namesIn(text).names.length, locale.value);
  const versions = form.from.join(", ");
  const selected = {
    all: planForm.sumAll(product),
    versions: planForm.sumVersions(versions),
    devices: planForm.sumDevices(count(form.devices)),
    "versions-devices": planForm.sumDevicesVersions(count(form.devices), versions),
  };
  return [
    selected[scope],
    ...(hasAllow ? [planForm.sumAllow(count(allow))] : []),
    ...(deny.trim() === "" ? [] : [planForm.sumDeny(count(deny))]),
    dynamic ? planForm.sumDynamic : planForm.sumFixed,
  ];
}

function whenIn(form: PlanFormState): readonly string[] {
  const { planForm } = texts.value;
  const { hasWindow, zone, timeZone, mode, minBatteryPercent, minSignalDbm, space } = form;
  const [from, to] = [Number(form.windowFrom), Number(form.windowTo)];
  const { hours, isNextDay } = windowLength(from, to);
  return [
    ...(hasWindow
      ? [
          planForm.windowIs(clockHour(from), clockHour(to), hours, isNextDay),
          zone === "device" ? planForm.sumOwnZone(timeZone) : planForm.sumZone(timeZone),
        ]
      : [planForm.sumAnyHour]),
    planForm.modes[mode],
    ...(minBatteryPercent.trim() === "" ? [] : [planForm.sumBattery(minBatteryPercent)]),
    ...(minSignalDbm.trim() === "" ? [] : [planForm.sumSignal(minSignalDbm)]),
    ...(space.amount.trim() === "" ? [] : [planForm.sumSpace(`${space.amount} ${planForm.units[space.unit]}`)]),
  ];
}

function paceIn({ stages, maxInFlight, perMinute }: PlanFormState): readonly string[] {
  const { common, planForm } = texts.value;
  return [stages.map((stage) => common.percent(Number(stage))).join(" → "), planForm.sumPace(maxInFlight, perMinute)];
}

function ifIn(form: PlanFormState): readonly string[] {
  const { planForm } = texts.value;
  const { retry, silentAfter, answerWithin, mode, conflict } = form;
  return [
    haltSentence(form.haltPercent, form.haltAtLeast),
    ...(retry.length === 0
      ? [planForm.noRetry]
      : retry.map(({ code, times, after }) => planForm.sumRetry(retryCodeWord(code), times, durationWords(after)))),
    planForm.sumSilent(durationWords(silentAfter)),
    ...(mode === "confirm" ? [planForm.sumAnswer(durationWords(answerWithin))] : []),
    planForm.sumConflicts[conflict],
  ];
}

function durationWords({ amount, unit }: Amount<DurationUnit>): string {
  const value = Number(amount);
  if (amount.trim() === "" || Number.isNaN(value)) return "–";
  const style = { style: "unit", unit: unit.slice(0, -1), unitDisplay: "long" } as const;
  return new Intl.NumberFormat(locale.value, style).format(value);
}
