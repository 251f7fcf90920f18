import { selectionOf } from "./settings-selection.js";
import { type Fields, type SettingsError, SettingsReader } from "./settings-reader.js";
import { DEFAULTS, OWN_FIRMWARE, type PlanPackage, type PlanSettings, type PlanText, type RetryRule } from "./types.js";
import { isTimeZone } from "./window.js";

export type CheckedSettings =
  | { readonly ok: PlanSettings }
  /** At least one. */
  | { readonly errors: readonly SettingsError[] };

/** Every key of plan.json. */
export const SETTING_KEYS = Object.freeze([
  "name",
  "product",
  "version",
  "packages",
  "from",
  "devices",
  "allow",
  "deny",
  "all",
  "dynamic",
  "timeZone",
  "zone",
  "window",
  "mode",
  "texts",
  "strategy",
  "pace",
  "halt",
  "retry",
  "silentAfterSeconds",
  "answerWithinSeconds",
  "conflict",
  "override",
] as const);

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const VERSION_IS = "1 to 32 of letters, digits, dot, dash and underscore";
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;
const RETRY_CODES = Object.freeze(["-1", "-2", "-3", "-4", "-5", "reverted", "silent", "*"] as const);

/** Most components of one plan, as the vendor's devices take. */
const MOST_COMPONENTS = 20;
const MONTH_SECONDS = 2_592_000;
const DAY_SECONDS = 86_400;
const MOST_AT_A_TIME = 1_000_000;

/** Most people do not answer at once, and seldom all together. */
const ASKED_PER_PLACE = 10;

/** A text travels in one message to the device. */
const LONGEST_TITLE = 64;
const LONGEST_BODY = 256;

/** Languages that a plan which asks cannot do without. */
const REQUIRED_LANGUAGES = Object.freeze(["zh", "en"] as const);

/**
 * Checks what plan.json holds, and fills in every default. All that is wrong is reported at once; unknown keys are
 * refused with the known one that is nearest.
 */
export function checkSettings(input: unknown): CheckedSettings {
  const reader = new SettingsReader();
  const fields = reader.object("", input, SETTING_KEYS);
  if (fields === undefined) return { errors: reader.errors };
  const settings = settingsOf(reader, fields);
  return reader.errors.length > 0 ? { errors: reader.errors } : { ok: settings };
}

/** What is wrong is in the reader's errors, and its default stands for it. */
function settingsOf(reader: SettingsReader, fields: Fields): PlanSettings {
  const { window, override } = fields;
  const optional = <Value>(key: string, fallback: Value, read: (value: unknown) => Value | undefined): Value => {
    const value = fields[key];
    return value === undefined ? fallback : (read(value) ?? fallback);
  };
  const required = (key: string, read: (value: unknown) => string | undefined): string => {
    const value = fields[key];
    if (value !== undefined) return read(value) ?? "";
    return reader.fault(key, "missing", "it is required") ?? "";
  };
  const seconds = (key: "silentAfterSeconds" | "answerWithinSeconds"): number =>
    optional(key, DEFAULTS[key], (value) => reader.whole(key, value, 1, MONTH_SECONDS));
  const mode = optional("mode", DEFAULTS.mode, (value) => reader.oneOf("mode", value, ["silent", "confirm"]));
  return {
    name: required("name", (value) => reader.text("name", value, { longest: 64 })),
    productId: required("product", (value) =>
      reader.name("product", value, /^[A-Z0-9]{10}$/, "10 of capital letters and digits"),
    ),
    packages: packagesOf(reader, fields),
    selection: selectionOf(reader, fields),
    dynamic: optional("dynamic", DEFAULTS.dynamic, (value) => reader.flag("dynamic", value)),
    timeZone: optional("timeZone", DEFAULTS.timeZone, (value) => zoneOf(reader, value)),
    zone: optional("zone", DEFAULTS.zone, (value) => reader.oneOf("zone", value, ["plan", "device"])),
    ...(window === undefined ? {} : windowOf(reader, window)),
    mode,
    texts: textsOf(reader, fields["texts"], mode),
    strategy: strategyOf(reader, fields["strategy"]),
    ...limitsOf(reader, fields),
    retry: optional<readonly RetryRule[]>("retry", DEFAULTS.retry, (value) =>
      reader.list("retry", value, ruleReader(reader)),
    ),
    silentAfterSeconds: seconds("silentAfterSeconds"),
    answerWithinSeconds: seconds("answerWithinSeconds"),
    conflict: optional("conflict", DEFAULTS.conflict, (value) => reader.oneOf("conflict", value, ["wait", "replace"])),
    ...(override === undefined ? {} : { override: reader.text("override", override, { longest: 256 }) }),
  };
}

/** `version` alone is the device's own firmware. */
function packagesOf(reader: SettingsReader, { version, packages }: Fields): readonly PlanPackage[] {
  if ((version === undefined) === (packages === undefined)) {
    const code = version === undefined ? "missing" : "contradiction";
    reader.fault("version", code, "name either a version of the firmware, or packages");
    return [];
  }
  if (version !== undefined) {
    return [{ component: OWN_FIRMWARE, version: reader.name("version", version, VERSION, VERSION_IS) ?? "" }];
  }
  const found = reader.list("packages", packages, (field, entry): PlanPackage | undefined => {
    const each = reader.object(field, entry, ["component", "version"]);
    if (each === undefined) return undefined;
    const component = reader.name(`${field}.component`, each["component"] ?? OWN_FIRMWARE, VERSION, VERSION_IS);
    const target = reader.name(`${field}.version`, each["version"], VERSION, VERSION_IS);
    return component === undefined || target === undefined ? undefined : { component, version: target };
  });
  if (Array.isArray(packages) && packages.length === 0) reader.fault("packages", "empty", "name at least one package");
  if (found !== undefined && found.length > MOST_COMPONENTS) {
    reader.fault("packages", "too-long", `at most ${MOST_COMPONENTS} components`);
  }
  for (const [index, { component }] of (found ?? []).entries()) {
    if (found?.findIndex((each) => each.component === component) === index) continue;
    reader.fault(`packages[${index}].component`, "repeated", `the plan names ${component} twice: one package of it`);
  }
  return found ?? [];
}

function zoneOf(reader: SettingsReader, value: unknown): string | undefined {
  if (typeof value === "string" && isTimeZone(value)) return value;
  return reader.fault("timeZone", "malformed", 'it is to be a name of the IANA, as "Asia/Shanghai"');
}

function windowOf(reader: SettingsReader, value: unknown): Pick<PlanSettings, "window"> {
  const fields = reader.object("window", value, ["from", "to"]);
  if (fields === undefined) return {};
  const from = reader.whole("window.from", fields["from"], 0, 23);
  const to = reader.whole("window.to", fields["to"], 0, 24);
  if (from === undefined || to === undefined) return {};
  if (from === to) reader.fault("window", "empty", "it is to be at least an hour long");
  return { window: { from, to } };
}

function textsOf(reader: SettingsReader, value: unknown, mode: PlanSettings["mode"]): PlanSettings["texts"] {
  const texts: { [language: string]: PlanText } = {};
  if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
    reader.fault("texts", "wrong-type", "it is to be an object with a text for each language");
    return texts;
  }
  for (const [language, entry] of Object.entries(value ?? {})) {
    if (reader.name("texts", language, LANGUAGE, 'names of languages, as "zh"') === undefined) continue;
    const field = `texts.${language}`;
    const each = reader.object(field, entry, ["title", "body"]);
    if (each === undefined) continue;
    const title = reader.text(`${field}.title`, each["title"], { longest: LONGEST_TITLE });
    const body = reader.text(`${field}.body`, each["body"], { longest: LONGEST_BODY, lines: true });
    if (title !== undefined && body !== undefined) texts[language] = { title, body };
  }
  for (const language of mode === "confirm" ? REQUIRED_LANGUAGES : []) {
    if (Object.hasOwn(value ?? {}, language)) continue;
    reader.fault(`texts.${language}`, "missing", "a plan that asks has a text in Chinese and in English");
  }
  return texts;
}

function strategyOf(reader: SettingsReader, value: unknown): PlanSettings["strategy"] {
  if (value === undefined) return DEFAULTS.strategy;
  const limits = {
    minBatteryPercent: [0, 100],
    minSignalDbm: [-200, 0],
    space: [0, Number.MAX_SAFE_INTEGER],
  } as const;
  const fields = reader.object("strategy", value, Object.keys(limits)) ?? {};
  const strategy: { [key: string]: number } = {};
  for (const [key, [least, most]] of Object.entries(limits)) {
    if (fields[key] === undefined) continue;
    const limit = reader.whole(`strategy.${key}`, fields[key], least, most);
    if (limit !== undefined) strategy[key] = limit;
  }
  return strategy;
}

function limitsOf(reader: SettingsReader, { pace, halt }: Fields): Pick<PlanSettings, "pace" | "halt"> {
  const of = (field: string, value: unknown, known: readonly string[]): Fields =>
    value === undefined ? {} : (reader.object(field, value, known) ?? {});
  const { maxInFlight, maxAsked, perMinute, stages } = of("pace", pace, Object.keys(DEFAULTS.pace));
  const { percent, atLeast } = of("halt", halt, Object.keys(DEFAULTS.halt));
  const whole = (field: string, value: unknown, fallback: number, most: number): number =>
    value === undefined ? fallback : (reader.whole(field, value, 1, most) ?? fallback);
  const mostInFlight = whole("pace.maxInFlight", maxInFlight, DEFAULTS.pace.maxInFlight, MOST_AT_A_TIME);
  const askedByDefault = Math.min(MOST_AT_A_TIME, ASKED_PER_PLACE * mostInFlight);
  const mostAsked = whole("pace.maxAsked", maxAsked, askedByDefault, MOST_AT_A_TIME);
  if (mostAsked < mostInFlight) {
    reader.fault("pace.maxAsked", "out-of-range", `it is to be pace.maxInFlight at least: ${mostInFlight}`);
  }
  return {
    pace: {
      maxInFlight: mostInFlight,
      maxAsked: mostAsked,
      perMinute: whole("pace.perMinute", perMinute, DEFAULTS.pace.perMinute, 1_000_000),
      stages: stages === undefined ? DEFAULTS.pace.stages : stagesOf(reader, stages),
    },
    halt: {
      percent: whole("halt.percent", percent, DEFAULTS.halt.percent, 100),
      atLeast: whole("halt.atLeast", atLeast, DEFAULTS.halt.atLeast, 1_000_000),
    },
  };
}

function stagesOf(reader: SettingsReader, value: unknown): readonly number[] {
  const stages = reader.list("pace.stages", value, (field, entry) => reader.whole(field, entry, 1, 100)) ?? [];
  const rises = stages.every((percent, index) => index === 0 || percent > (stages[index - 1] ?? 0));
  if (!rises || stages.at(-1) !== 100) {
    reader.fault("pace.stages", "out-of-range", "they are to rise and to end with 100, as [5, 25, 100]");
  }
  return stages;
}

function ruleReader(reader: SettingsReader): (field: string, entry: unknown) => RetryRule | undefined {
  return (field, entry) => {
    const fields = reader.object(field, entry, ["code", "times", "afterSeconds"]);
    if (fields === undefined) return undefined;
    const code = reader.oneOf(`${field}.code`, fields["code"], RETRY_CODES);
    const times = reader.whole(`${field}.times`, fields["times"] ?? 1, 1, 100);
    const afterSeconds = reader.whole(`${field}.afterSeconds`, fields["afterSeconds"] ?? 60, 1, DAY_SECONDS);
    if (code === undefined || times === undefined || afterSeconds === undefined) return undefined;
    return { code, times, afterSeconds };
  };
}
