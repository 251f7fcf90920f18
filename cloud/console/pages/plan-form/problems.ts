import { bytesOf, numberIn, secondsOf } from "./amounts.js";
import { namesIn } from "./names.js";
import type { PlanFormState, TextEntry } from "./plan-form-state.js";
import { LONGEST_NAME, nameOf } from "./to-plan-input.js";

/** What is wrong with a field, before the cloud is asked. The texts have a sentence for each code. */
export type FormProblem =
  | {
      /** A path in plan.json, as the cloud names it: `texts.zh.title`. */
      readonly field: string;
      readonly code: "missing" | "malformed" | "repeated" | "no-list" | "no-hour" | "not-rising" | "control";
    }
  | { readonly field: string; readonly code: "too-long" | "too-many"; readonly most: number }
  | { readonly field: string; readonly code: "out-of-range"; readonly least: number; readonly most: number };

export const MOST_COMPONENTS = 20;
export const LONGEST_TITLE = 64;
export const LONGEST_BODY = 256;
export const LONGEST_OVERRIDE = 256;
export const RETRY_CODES = ["-1", "-2", "-3", "-4", "-5", "reverted", "silent", "*"] as const;
export const REQUIRED_LANGUAGES: readonly string[] = ["zh", "en"];

const MOST_NAMES = 100_000;
const MONTH_SECONDS = 2_592_000;
const DAY_SECONDS = 86_400;
const MILLION = 1_000_000;
const PRODUCT = /^[A-Z0-9]{10}$/;
const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

/** @returns all that is wrong with the form, in the order of its steps; the cloud checks the same */
export function problemsOf(form: PlanFormState): readonly FormProblem[] {
  return [
    ...whatProblems(form),
    ...whomProblems(form),
    ...whenProblems(form),
    ...textProblems(form),
    ...paceProblems(form),
    ...haltProblems(form),
  ];
}

/** @returns what is missing before the cloud can say which devices match */
export function previewProblemsOf(form: PlanFormState): readonly FormProblem[] {
  const withoutWords = whatProblems(form).filter(({ field }) => field !== "name" && field !== "override");
  return [...withoutWords, ...whomProblems(form)];
}

function whatProblems(form: PlanFormState): readonly FormProblem[] {
  const { product, packages, override } = form;
  const components = packages.map(({ component }) => component);
  return [
    ...(product === "" ? missing("product") : PRODUCT.test(product) ? [] : malformed("product")),
    ...plainText("name", nameOf(form), LONGEST_NAME),
    ...(packages.length === 0 ? missing("packages") : []),
    ...(packages.length > MOST_COMPONENTS
      ? [{ field: "packages", code: "too-many", most: MOST_COMPONENTS } as const]
      : []),
    ...packages.flatMap(({ component, version }, index) => [
      ...versionText(`packages[${index}].component`, component),
      ...versionText(`packages[${index}].version`, version),
      ...(component !== "" && components.indexOf(component) < index
        ? [{ field: `packages[${index}].component`, code: "repeated" } as const]
        : []),
    ]),
    ...(override.trim() === "" ? [] : plainText("override", override, LONGEST_OVERRIDE)),
  ];
}

function whomProblems({ scope, from, devices, hasAllow, allow, deny }: PlanFormState): readonly FormProblem[] {
  const byVersion = scope === "versions" || scope === "versions-devices";
  const byName = scope === "devices" || scope === "versions-devices";
  return [
    ...(byVersion && from.length === 0 ? [{ field: "from", code: "no-list" } as const] : []),
    ...(byVersion && from.some((version) => !VERSION.test(version)) ? malformed("from") : []),
    ...(byName ? nameProblems("devices", devices, true) : []),
    ...(hasAllow ? nameProblems("allow", allow, true) : []),
    ...nameProblems("deny", deny, false),
  ];
}

function nameProblems(field: string, text: string, isNeeded: boolean): readonly FormProblem[] {
  const { length } = namesIn(text).names;
  if (length > MOST_NAMES) return [{ field, code: "too-many", most: MOST_NAMES }];
  return isNeeded && length === 0 ? [{ field, code: "no-list" }] : [];
}

function whenProblems(form: PlanFormState): readonly FormProblem[] {
  const { timeZone, hasWindow, windowFrom, windowTo, minBatteryPercent, minSignalDbm, space } = form;
  const strategy = [
    ["strategy.minBatteryPercent", minBatteryPercent, numberIn(minBatteryPercent), 0, 100],
    ["strategy.minSignalDbm", minSignalDbm, numberIn(minSignalDbm), -200, 0],
    ["strategy.space", space.amount, bytesOf(space), 0, Number.MAX_SAFE_INTEGER],
  ] as const;
  return [
    ...(isTimeZone(timeZone) ? [] : malformed("timeZone")),
    ...(hasWindow ? windowProblems(numberIn(windowFrom), numberIn(windowTo)) : []),
    ...strategy.flatMap(([field, text, value, least, most]) =>
      text.trim() === "" ? [] : whole(field, value, least, most),
    ),
  ];
}

function windowProblems(from: number | string, to: number | string): readonly FormProblem[] {
  const wrong = [...whole("window.from", from, 0, 23), ...whole("window.to", to, 0, 24)];
  return wrong.length === 0 && from === to ? [{ field: "window", code: "no-hour" }] : wrong;
}

function textProblems({ mode, texts }: PlanFormState): readonly FormProblem[] {
  const languages = texts.map(({ language }) => language);
  const absent = mode === "confirm" ? REQUIRED_LANGUAGES.filter((language) => !languages.includes(language)) : [];
  const wrong = texts.flatMap((entry, index): readonly FormProblem[] => {
    const { language, title, body } = entry;
    const field = `texts.${language}`;
    if (!isWanted(entry, mode)) return [];
    if (!LANGUAGE.test(language)) return language === "" ? missing(field) : malformed(field);
    if (languages.indexOf(language) < index) return [{ field, code: "repeated" }];
    return [
      ...plainText(`${field}.title`, title, LONGEST_TITLE),
      ...plainText(`${field}.body`, body, LONGEST_BODY, true),
    ];
  });
  return [...absent.flatMap((language) => missing(`texts.${language}`)), ...wrong];
}

/** A text that somebody began, or asked for, or that the plan cannot do without. */
function isWanted({ language, title, body }: TextEntry, mode: PlanFormState["mode"]): boolean {
  return title !== "" || body !== "" || mode === "confirm" || !REQUIRED_LANGUAGES.includes(language);
}

function paceProblems({ maxInFlight, maxAsked, perMinute, stages }: PlanFormState): readonly FormProblem[] {
  const values = stages.map(numberIn);
  const wrong = values.flatMap((value, index) => whole(`pace.stages[${index}]`, value, 1, 100));
  const rises = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  return [
    ...whole("pace.maxInFlight", numberIn(maxInFlight), 1, MILLION),
    ...(maxAsked.trim() === "" ? [] : whole("pace.maxAsked", numberIn(maxAsked), Number(maxInFlight), MILLION)),
    ...whole("pace.perMinute", numberIn(perMinute), 1, MILLION),
    ...wrong,
    ...(wrong.length === 0 && !(rises && values.at(-1) === 100)
      ? [{ field: "pace.stages", code: "not-rising" } as const]
      : []),
  ];
}

function haltProblems(form: PlanFormState): readonly FormProblem[] {
  const { haltPercent, haltAtLeast, retry, silentAfter, answerWithin } = form;
  return [
    ...whole("halt.percent", numberIn(haltPercent), 1, 100),
    ...whole("halt.atLeast", numberIn(haltAtLeast), 1, MILLION),
    ...retry.flatMap(({ code, times, after }, index) => [
      ...(RETRY_CODES.some((known) => known === code) ? [] : malformed(`retry[${index}].code`)),
      ...whole(`retry[${index}].times`, numberIn(times), 1, 100),
      ...whole(`retry[${index}].afterSeconds`, secondsOf(after), 1, DAY_SECONDS),
    ]),
    ...whole("silentAfterSeconds", secondsOf(silentAfter), 1, MONTH_SECONDS),
    ...whole("answerWithinSeconds", secondsOf(answerWithin), 1, MONTH_SECONDS),
  ];
}

function missing(field: string): readonly FormProblem[] {
  return [{ field, code: "missing" }];
}

function malformed(field: string): readonly FormProblem[] {
  return [{ field, code: "malformed" }];
}

function versionText(field: string, text: string): readonly FormProblem[] {
  return text === "" ? missing(field) : VERSION.test(text) ? [] : malformed(field);
}

function plainText(field: string, text: string, most: number, hasLines = false): readonly FormProblem[] {
  if (text.trim() === "") return missing(field);
  if (text.length > most) return [{ field, code: "too-long", most }];
  const isPlain = hasLines ? !/[^\P{Cc}\n]/u.test(text) : !/\p{Cc}/u.test(text);
  return isPlain ? [] : [{ field, code: "control" }];
}

function whole(field: string, value: number | string, least: number, most: number): readonly FormProblem[] {
  if (value === "") return missing(field);
  const isRight = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return isRight ? [] : [{ field, code: "out-of-range", least, most }];
}

function isTimeZone(zone: string): boolean {
  if (zone === "") return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
