import type { ComponentChildren } from "preact";
import type { PlanView } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { byteSize } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { CopyButton } from "../../view/copy.js";
import { Facts } from "../../view/facts.js";
import { hourOf, type PlanSettings, settingsOf, spanOf, targetsOf } from "./settings-of.js";

/** What a plan says, in words; and as plan.json has it. */
export function SettingsTab({ plan }: { readonly plan: PlanView }) {
  const words = texts.value.plans.summary;
  const json = JSON.stringify(plan.settings, null, 2);
  return (
    <>
      <Facts items={factsOf(plan)} />
      <details>
        <summary>{words.json}</summary>
        <CopyButton text={json} />
        <pre class="plan-json">{json}</pre>
      </details>
    </>
  );
}

function factsOf(plan: PlanView): readonly (readonly [string, ComponentChildren])[] {
  const { common } = texts.value;
  const words = texts.value.plans.summary;
  const settings = settingsOf(plan.settings);
  const { dynamic, window, zone, timeZone = "UTC", mode, pace, halt, conflict, override } = settings;
  const { texts: languages = {}, silentAfterSeconds, answerWithinSeconds } = settings;
  const span = (seconds: number): string => spanOf(seconds, locale.value);
  return [
    [common.product, <span class="id">{plan.productId}</span>],
    [words.packages, lines(targetsOf(plan.settings))],
    [words.selection, lines(selectionOf(settings))],
    [words.dynamic, dynamic === true ? words.dynamicOn : words.dynamicOff],
    [words.window, window === undefined ? words.anyHour : hoursOf(window)],
    [words.zone, zone === "plan" ? words.zonePlan(timeZone) : words.zoneDevice(timeZone)],
    [words.mode, mode === "confirm" ? words.confirm : words.silent],
    ...(Object.keys(languages).length === 0
      ? []
      : [[words.texts, <PlanTexts key="texts" languages={languages} />] as const]),
    [words.strategy, lines(strategyOf(settings))],
    ...(pace === undefined
      ? []
      : [
          [
            words.pace,
            lines([
              words.inFlight(pace.maxInFlight),
              words.perMinute(pace.perMinute),
              words.stages(pace.stages.join(" · ")),
            ]),
          ] as const,
        ]),
    ...(halt === undefined ? [] : [[words.halt, words.haltRule(halt.percent, halt.atLeast)] as const]),
    [words.retry, lines(retryOf(settings))],
    ...(silentAfterSeconds === undefined ? [] : [[words.silence, span(silentAfterSeconds)] as const]),
    ...(answerWithinSeconds === undefined || mode !== "confirm"
      ? []
      : [[words.answer, span(answerWithinSeconds)] as const]),
    [words.conflict, conflict === "replace" ? words.conflictReplace : words.conflictWait],
    ...(override === undefined ? [] : [[words.override, override] as const]),
  ];
}

/** What the person at a device reads, in each language. */
function PlanTexts({ languages }: { readonly languages: NonNullable<PlanSettings["texts"]> }) {
  const { planForm } = texts.value;
  return (
    <>
      {Object.entries(languages).map(([name, { title, body }]) => (
        <div key={name}>
          {wordOf(planForm.languages, name)}: <span class="given">{title}</span>
          <p class="given quiet">{body}</p>
        </div>
      ))}
    </>
  );
}

function lines(texts: readonly string[]): ComponentChildren {
  return texts.map((text) => <div key={text}>{text}</div>);
}

function hoursOf({ from, to }: { readonly from: number; readonly to: number }): string {
  const { hours, overnight } = texts.value.plans.summary;
  return to <= from ? overnight(hourOf(from), hourOf(to)) : hours(hourOf(from), hourOf(to));
}

function selectionOf({ from, devices, allow, deny }: PlanSettings): readonly string[] {
  const words = texts.value.plans.summary;
  const found = [
    ...(from === undefined ? [] : [words.from(from.join(", "))]),
    ...(devices === undefined ? [] : [words.listed(devices.length)]),
    ...(allow === undefined ? [] : [words.allow(allow.length)]),
  ];
  return [...(found.length === 0 ? [words.all] : found), ...(deny === undefined ? [] : [words.deny(deny.length)])];
}

function strategyOf({ strategy = {} }: PlanSettings): readonly string[] {
  const words = texts.value.plans.summary;
  const { minBatteryPercent, minSignalDbm, space } = strategy;
  const found = [
    ...(minBatteryPercent === undefined ? [] : [words.battery(minBatteryPercent)]),
    ...(minSignalDbm === undefined ? [] : [words.signal(minSignalDbm)]),
    ...(space === undefined ? [] : [words.space(byteSize(space, locale.value))]),
  ];
  return found.length === 0 ? [words.noStrategy] : found;
}

function retryOf({ retry = [] }: PlanSettings): readonly string[] {
  const { codes, plans } = texts.value;
  const words = plans.summary;
  if (retry.length === 0) return [words.noRetry];
  return retry.map(({ code, times, afterSeconds }) => {
    const result =
      code === "*" ? words.anyResult : code === "silent" ? codes.taskState.silent : wordOf(codes.reason, code);
    return words.rule(result, times, spanOf(afterSeconds, locale.value));
  });
}
