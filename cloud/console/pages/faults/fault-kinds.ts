import type { FaultEffect, FaultName, FaultRecord, FaultScope } from "../../../faults/fault.js";

/** A setting of a fault, as the form asks for it. */
export type Setting =
  | { readonly kind: "number"; readonly least: number; readonly most: number; readonly isOptional?: true }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly isOptional?: true }
  | { readonly kind: "text"; readonly isOptional: true }
  /** Lines `Name: value`. */
  | { readonly kind: "headers"; readonly isOptional: true };

type SettingsOf<Name extends FaultName> = {
  readonly [Key in Exclude<keyof Extract<FaultEffect, { fault: Name }>, "fault">]-?: Setting;
};

const BYTES: Setting = { kind: "number", least: 0, most: Number.MAX_SAFE_INTEGER };
const OPTIONAL_BYTES: Setting = { ...BYTES, isOptional: true };
const GATEWAY_TYPES = ["online", "offline", "bind", "unbind", "change", "describe_sub_devices"];
const UPLINK: Setting = {
  kind: "choice",
  choices: ["report_version", "report_progress", ...GATEWAY_TYPES],
  isOptional: true,
};
const DOWNLINK: Setting = {
  kind: "choice",
  choices: ["report_version_rsp", "update_firmware", ...GATEWAY_TYPES],
  isOptional: true,
};

/** The settings of each fault, with the limits that the cloud has for them. */
export const SETTINGS: { readonly [Name in FaultName]: SettingsOf<Name> } = {
  slow: { bytesPerSecond: { kind: "number", least: 1, most: 1_000_000_000 } },
  stall: { bytes: BYTES },
  cut: { bytes: BYTES },
  reset: { bytes: OPTIONAL_BYTES },
  status: {
    status: { kind: "number", least: 200, most: 599 },
    headers: { kind: "headers", isOptional: true },
    body: { kind: "text", isOptional: true },
  },
  "no-range": {},
  "wrong-range": { shift: { kind: "number", least: 1, most: Number.MAX_SAFE_INTEGER, isOptional: true } },
  "wrong-bytes": { offset: OPTIONAL_BYTES },
  redirect: { hops: { kind: "number", least: 1, most: 100 } },
  "tls-refuse": { alert: { kind: "number", least: 0, most: 255, isOptional: true } },
  "wrong-md5": {},
  expired: {},
  refuse: { code: { kind: "number", least: 1, most: 5 } },
  drop: { type: UPLINK },
  "lose-puback": { type: UPLINK },
  lose: { type: DOWNLINK },
  delay: { ms: { kind: "number", least: 1, most: 600_000 }, type: DOWNLINK },
  duplicate: { type: DOWNLINK },
  reorder: { type: DOWNLINK },
  "power-off": { at: { kind: "choice", choices: ["now", "offer", "burning"], isOptional: true } },
  "low-battery": { percent: { kind: "number", least: 0, most: 100 } },
};

export type FaultGroup = "download" | "offer" | "connection" | "messages" | "boards";

/** The faults in the order of the form, by what they disturb. */
export const GROUPS: { readonly [group in FaultGroup]: readonly FaultName[] } = {
  download: [
    "slow",
    "cut",
    "stall",
    "reset",
    "status",
    "redirect",
    "no-range",
    "wrong-range",
    "wrong-bytes",
    "tls-refuse",
  ],
  offer: ["wrong-md5", "expired"],
  connection: ["refuse"],
  messages: ["drop", "lose-puback", "lose", "delay", "duplicate", "reorder"],
  boards: ["power-off", "low-battery"],
};

/** What is typed into the form: everything is text. */
export interface FaultForm {
  readonly fault: FaultName;
  readonly product: string;
  readonly device: string;
  readonly times: string;
  readonly settings: { readonly [name: string]: string };
}

/** First values, so that a fault that is merely chosen does something that can be seen. */
const FIRST: { readonly [Name in FaultName]?: { readonly [setting: string]: string } } = {
  slow: { bytesPerSecond: "2000" },
  stall: { bytes: "65536" },
  cut: { bytes: "65536" },
  status: { status: "503" },
  redirect: { hops: "3" },
  refuse: { code: "5" },
  delay: { ms: "5000" },
  "low-battery": { percent: "10" },
};

export function firstForm(fault: FaultName, scope: FaultScope = {}): FaultForm {
  const { product = "", device = "", times } = scope;
  return {
    fault,
    product,
    device,
    times: times === undefined ? "" : String(times),
    settings: FIRST[fault] ?? {},
  };
}

export const TIMES: Setting = { kind: "number", least: 1, most: 1_000_000_000, isOptional: true };

export function settingsOf(fault: FaultName): readonly (readonly [name: string, setting: Setting])[] {
  return Object.entries(SETTINGS[fault] as { readonly [name: string]: Setting });
}

/** @returns the names of the fields that are not right yet: settings, and `product`, `device`, `times` */
export function faultsOfForm({ fault, product, device, times, settings }: FaultForm): readonly string[] {
  const wrong = settingsOf(fault).flatMap(([name, setting]) => (isRight(setting, settings[name]) ? [] : [name]));
  if (device !== "" && !/^[A-Za-z0-9:_-]{1,48}$/.test(device)) wrong.push("device");
  if (device !== "" && product === "") wrong.push("product");
  if (!isRight(TIMES, times)) wrong.push("times");
  return wrong;
}

/** @returns the fault as the cloud takes it; what is empty is left out */
export function specOf({ fault, product, device, times, settings }: FaultForm): { readonly [key: string]: unknown } {
  const values = settingsOf(fault).flatMap(([name, setting]): (readonly [string, unknown])[] => {
    const text = settings[name] ?? "";
    return text.trim() === "" ? [] : [[name, valueFor(setting, text)]];
  });
  return {
    fault,
    ...Object.fromEntries(values),
    ...(product === "" ? {} : { product }),
    ...(device === "" ? {} : { device }),
    ...(times.trim() === "" ? {} : { times: Number(times) }),
  };
}

/** Whether a fault is for all devices, or for a product or device that is this one's. */
export function concernsDevice({ spec }: FaultRecord, productId: string, deviceName: string): boolean {
  const { product, device } = spec;
  return product === undefined || (product === productId && (device === undefined || device === deviceName));
}

function isRight(setting: Setting, text = ""): boolean {
  const value = text.trim();
  if (value === "") return setting.isOptional === true;
  switch (setting.kind) {
    case "number":
      return /^[0-9]{1,16}$/.test(value) && Number(value) >= setting.least && Number(value) <= setting.most;
    case "choice":
      return setting.choices.includes(value);
    case "headers":
      return linesOf(text).every((line) => HEADER.test(line));
    case "text":
      return true;
  }
}

/** Name and value of a header field (RFC 9110), as the cloud takes them. */
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}):[\t ]*([\t\x20-\x7e]{0,8192})$/;

function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function valueFor(setting: Setting, text: string): unknown {
  if (setting.kind === "number") return Number(text);
  if (setting.kind === "choice") return text.trim();
  if (setting.kind === "text") return text;
  const fields = linesOf(text).map((line) => HEADER.exec(line) ?? []);
  return Object.fromEntries(fields.map(([, name = "", value = ""]): [string, string] => [name, value]));
}
