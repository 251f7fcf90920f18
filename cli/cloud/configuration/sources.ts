import { parseDocument } from "yaml";
import { UsageError } from "../../command-line.js";
import { readText } from "../../files.js";

/** Settings of one place, as texts, by the option's name without its dashes. */
export interface Source {
  /** What commander calls a value that comes from there. */
  readonly kind: "env" | "config";
  /** @returns how the place itself names a key, for a message */
  nameOf(key: string): string;
  /** The names of the settings that it has, also of those whose value is in a file of its own. */
  readonly keys: ReadonlySet<string>;
  /**
   * @param key one of the keys
   * @throws UsageError if its value is in a file that cannot be read, or holds more than one line
   */
  valueOf(key: string): string;
}

/** Before the name of a setting in the environment. */
export const PREFIX = "OTA_CLOUD_";

/** Behind the name of a setting whose value is in a file of its own: for secrets. */
const FILE_SUFFIX = "-file";

/** Bytes of a file that holds one value, at most. */
const VALUE_LIMIT = 16_384;

/**
 * @param known the names of all options that may be set
 * @returns what the environment says
 * @throws UsageError if it has a variable with the prefix that means nothing
 */
export function environmentSource(environment: NodeJS.ProcessEnv, known: ReadonlySet<string>): Source {
  const values = new Map<string, string>();
  const nameOf = (key: string): string => PREFIX + key.replaceAll("-", "_").toUpperCase();
  for (const [name, value = ""] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-");
    if (key === "config") continue;
    if (!isKnown(key, known)) {
      if (isOfKubernetes(name, value)) continue;
      throw new UsageError(`${name} is no setting: see ota-cloud serve --help`);
    }
    if (nameOf(key) !== name) throw new UsageError(`${name} is to be written ${nameOf(key)}`);
    values.set(key, value);
  }
  return { kind: "env", nameOf, ...withFiles(values, known, nameOf) };
}

/**
 * Reads a file in YAML, so also in JSON: one map, whose values are texts, numbers or `true` and `false`.
 *
 * @throws UsageError that names the file and the key, and never quotes a value
 */
export function fileSource(path: string, known: ReadonlySet<string>): Source {
  // All scalars are texts: what a value means is the option's to say, as on the command line.
  const document = parseDocument(readText(path), { schema: "failsafe", prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`${path}: not YAML (${error.code.toLowerCase().replaceAll("_", " ")})`);
  const content: unknown = document.toJS() ?? {};
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new UsageError(`${path} is to hold settings, one a line: http-port: 8080`);
  }
  const nameOf = (key: string): string => `${path}: ${key}`;
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(content as { readonly [key: string]: unknown })) {
    if (!isKnown(key, known)) throw new UsageError(`${path}: ${key} is no setting: see ota-cloud serve --help`);
    if (typeof value !== "string") throw new UsageError(`${path}: ${key} is to have one value`);
    values.set(key, value);
  }
  return { kind: "config", nameOf, ...withFiles(values, known, nameOf) };
}

function isKnown(key: string, known: ReadonlySet<string>): boolean {
  return known.has(key) || (key.endsWith(FILE_SUFFIX) && known.has(key.slice(0, -FILE_SUFFIX.length)));
}

/**
 * Any value may be in a file of its own, also of an option that has no `--…-file` on the command line. The file is read
 * only if its value is wanted: who asks for the status may not read what only `serve` may.
 */
function withFiles(
  values: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
  nameOf: (key: string) => string,
): Pick<Source, "keys" | "valueOf"> {
  const files = new Map<string, { readonly path: string; readonly name: string }>();
  const keys = new Set<string>();
  for (const [key, value] of values) {
    const base = known.has(key) ? key : key.slice(0, -FILE_SUFFIX.length);
    if (base !== key && values.has(base)) throw new UsageError(`give either ${nameOf(base)} or ${nameOf(key)}`);
    if (base !== key) files.set(base, { path: value, name: nameOf(key) });
    keys.add(base);
  }
  const textOf = (key: string): string => {
    const file = files.get(key);
    return file === undefined ? (values.get(key) ?? "") : readLine(file);
  };
  return { keys, valueOf: textOf };
}

function readLine({ path, name }: { readonly path: string; readonly name: string }): string {
  const text = readText(path).replace(/\r?\n$/, "");
  if (text !== "" && text.length <= VALUE_LIMIT && !/[\r\n]/.test(text)) return text;
  throw new UsageError(`${path}, which ${name} names, is to hold one line`);
}

/** A service of Kubernetes with the name ota-cloud makes variables of the same prefix in every container. */
function isOfKubernetes(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name) ||
    (name.endsWith("_PORT") && /^(tcp|udp|sctp):/.test(value))
  );
}
