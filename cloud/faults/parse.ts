import { CloudError } from "../types.js";
import { type FaultEffect, type FaultName, type FaultScope, type FaultSpec, MOMENTS, POWER_MOMENTS } from "./fault.js";

/** One key of a fault. */
interface Key {
  /** What its value is, for messages. */
  readonly is: string;
  readonly optional?: true;
  holds(value: unknown): boolean;
}

type KeysOf<Name extends FaultName> = {
  readonly [Name_ in Exclude<keyof Extract<FaultEffect, { fault: Name }>, "fault">]-?: Key;
};

/** The types of messages from devices and to them, as on the wire. */
const REPORTS = ["report_version", "report_progress"];
const GATEWAY_TYPES = ["online", "offline", "bind", "unbind", "change", "describe_sub_devices"];
const UPLINK: Key = oneOf([...REPORTS, ...GATEWAY_TYPES]);
const DOWNLINK: Key = oneOf(["report_version_rsp", "update_firmware", ...GATEWAY_TYPES]);
const BYTES = whole(0, Number.MAX_SAFE_INTEGER);

const KEYS: { readonly [Name in FaultName]: KeysOf<Name> } = {
  slow: { bytesPerSecond: whole(1, 1_000_000_000) },
  stall: { bytes: BYTES },
  cut: { bytes: BYTES },
  reset: { bytes: optional(BYTES) },
  status: {
    // A code of 1xx is no final answer, and with 204 and 304 there can be no body.
    status: whole(200, 599),
    headers: optional({ is: 'an object of header fields, such as { "Retry-After": "5" }', holds: isHeaders }),
    body: optional({ is: "a text", holds: (value) => typeof value === "string" }),
  },
  "no-range": {},
  "wrong-range": { shift: optional(whole(1, Number.MAX_SAFE_INTEGER)) },
  "wrong-bytes": { offset: optional(BYTES) },
  redirect: { hops: whole(1, 100) },
  "tls-refuse": { alert: optional(whole(0, 255)) },
  "wrong-md5": {},
  expired: {},
  refuse: { code: whole(1, 5) },
  drop: { type: UPLINK },
  "lose-puback": { type: UPLINK },
  lose: { type: DOWNLINK },
  delay: { ms: whole(1, 600_000), type: DOWNLINK },
  duplicate: { type: DOWNLINK },
  reorder: { type: DOWNLINK },
  "power-off": { at: oneOf(POWER_MOMENTS) },
  "low-battery": { percent: whole(0, 100) },
};

const SCOPE: { readonly [Name in keyof Required<FaultScope>]: Key } = {
  product: optional({ is: "10 of [A-Z0-9]", holds: (value) => matches(value, /^[A-Z0-9]{10}$/) }),
  device: optional({ is: "1 to 48 of [A-Za-z0-9:_-]", holds: (value) => matches(value, /^[A-Za-z0-9:_-]{1,48}$/) }),
  times: optional(whole(1, 1_000_000_000)),
};

/**
 * Reads a list of faults, as a file of `serve --faults` holds it.
 *
 * @throws CloudError that names the entry, counted from 1, and the key, or the nearest one that there is
 */
export function parseFaults(value: unknown): FaultSpec[] {
  if (!Array.isArray(value)) throw new CloudError('faults are a list: [{ "fault": "cut", "bytes": 65536 }]');
  return value.map((entry, index) => parse(entry, `entry ${index + 1}`));
}

/** Reads one fault. @throws CloudError as above, without the number of an entry */
export function parseFault(value: unknown): FaultSpec {
  return parse(value, "");
}

function parse(value: unknown, entry: string): FaultSpec {
  const at = (name = ""): string => [entry, name].filter((word) => word !== "").join(", ");
  const refuse = (where: string, why: string): never => {
    throw new CloudError(where === "" ? why : `${where}: ${why}`);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(at(), 'a fault is an object: { "fault": "cut", "bytes": 65536 }');
  }
  const { fault: name, ...settings } = value as { readonly [key: string]: unknown };
  if (typeof name !== "string") return refuse(at(), `fault is missing: one of ${Object.keys(MOMENTS).join(", ")}`);
  if (!isFaultName(name))
    return refuse(at(), `there is no fault ${quote(name)}: did you mean ${nearest(name, Object.keys(MOMENTS))}?`);
  const keys: { readonly [key: string]: Key } = { ...SCOPE, ...KEYS[name] };
  for (const [key, given] of Object.entries(settings)) {
    const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (known === undefined)
      return refuse(at(name), `no key ${quote(key)}: did you mean ${nearest(key, Object.keys(keys))}?`);
    if (!known.holds(given)) return refuse(at(name), `${key} is not ${known.is}`);
  }
  const missing = Object.keys(keys).find((key) => keys[key]?.optional !== true && !Object.hasOwn(settings, key));
  if (missing !== undefined) return refuse(at(name), `${missing} is missing: ${keys[missing]?.is}`);
  if (settings["device"] !== undefined && settings["product"] === undefined) {
    return refuse(at(name), "device needs product");
  }
  return value as FaultSpec;
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(MOMENTS, name);
}

function whole(least: number, most: number): Key {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
  return {
    is: `a whole number${bounds}`,
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

function oneOf(words: readonly string[]): Key {
  return optional({
    is: `one of ${words.join(", ")}`,
    holds: (value) => typeof value === "string" && words.includes(value),
  });
}

function optional(key: Key): Key {
  return { ...key, optional: true };
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** Names are tokens (RFC 9110 §5.6.2). A value has no control character, so no fault writes another field. */
function isHeaders(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name) && matches(text, /^[\t\x20-\x7e]{0,8192}$/),
  );
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 40));
}

function nearest(name: string, known: readonly string[]): string {
  const [first = ""] = [...known].sort((one, other) => distanceOf(name, one) - distanceOf(name, other));
  return first;
}

/** Levenshtein's: how many characters must be inserted, removed or replaced. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one.slice(0, 40)].entries()) {
    const next = [index + 1];
    for (let to = 1; to <= other.length; to++) {
      const replaced = (row[to - 1] as number) + (character === other[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] as number) + 1, (next[to - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
