import { nearestOf } from "./nearest.js";

export type SettingsErrorCode =
  | "unknown-key"
  | "missing"
  | "wrong-type"
  | "out-of-range"
  | "malformed"
  | "empty"
  | "too-long"
  | "repeated"
  | "contradiction";

export interface SettingsError {
  /** A path, as "pace.stages[1]"; "" for the whole. */
  readonly field: string;
  readonly code: SettingsErrorCode;
  /** One line for an operator, with what to do. */
  readonly message: string;
}

export type Fields = { readonly [key: string]: unknown };

/** Most entries of a list of devices: more go into several plans, or into `all` with a deny list. */
export const LONGEST_LIST = 100_000;

/** Reads values of unknown type, and collects what is wrong with them instead of ending at the first. */
export class SettingsReader {
  readonly errors: SettingsError[] = [];

  fault(field: string, code: SettingsErrorCode, message: string): undefined {
    this.errors.push({ field, code, message: field === "" ? message : `${field}: ${message}` });
    return undefined;
  }

  /** An object with no other keys than these; `undefined` if it is none. */
  object(field: string, value: unknown, known: readonly string[]): Fields | undefined {
    if (!isObject(value)) return this.fault(field, "wrong-type", "it is to be an object");
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const nearest = nearestOf(key, known);
      const advice = nearest === undefined ? `known are ${known.join(", ")}` : `did you mean ${nearest}?`;
      this.fault(
        field === "" ? shown(key) : `${field}.${shown(key)}`,
        "unknown-key",
        `there is no such key, ${advice}`,
      );
    }
    return value;
  }

  text(field: string, value: unknown, { longest, lines = false }: { longest: number; lines?: boolean }) {
    if (typeof value !== "string") return this.fault(field, "wrong-type", "it is to be a text");
    if (value.trim() === "") return this.fault(field, "empty", "it is to say something");
    if (value.length > longest) return this.fault(field, "too-long", `at most ${longest} characters`);
    const isPlain = lines ? !/[^\P{Cc}\n]/u.test(value) : !/\p{Cc}/u.test(value);
    return isPlain ? value : this.fault(field, "malformed", "it has control characters: leave them out");
  }

  name(field: string, value: unknown, pattern: RegExp, is: string): string | undefined {
    if (typeof value === "string" && pattern.test(value)) return value;
    return this.fault(field, typeof value === "string" ? "malformed" : "wrong-type", `it is to be ${is}`);
  }

  whole(field: string, value: unknown, least: number, most: number): number | undefined {
    if (typeof value !== "number") return this.fault(field, "wrong-type", "it is to be a number");
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    return this.fault(field, "out-of-range", `it is to be a whole number from ${least} to ${most}`);
  }

  flag(field: string, value: unknown): boolean | undefined {
    return typeof value === "boolean" ? value : this.fault(field, "wrong-type", "it is to be true or false");
  }

  oneOf<Value extends string>(field: string, value: unknown, allowed: readonly Value[]): Value | undefined {
    const found = allowed.find((each) => each === value);
    return found ?? this.fault(field, "out-of-range", `it is to be ${allowed.join(" or ")}`);
  }

  /** The good entries of a list; `undefined` if it is none. */
  list<Value>(
    field: string,
    value: unknown,
    read: (field: string, entry: unknown) => Value | undefined,
  ): Value[] | undefined {
    if (!Array.isArray(value)) return this.fault(field, "wrong-type", "it is to be a list");
    if (value.length > LONGEST_LIST) return this.fault(field, "too-long", `at most ${LONGEST_LIST} entries`);
    return value.flatMap((entry, index) => read(`${field}[${index}]`, entry) ?? []);
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key of a stranger's file, short and without what a terminal obeys. */
function shown(key: string): string {
  return key.slice(0, 48).replace(/[^\x20-\x7e]/g, "?");
}
