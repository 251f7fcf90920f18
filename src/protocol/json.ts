import { decodeUtf8 } from "../lib/utf8.js";

/** A message as parsed: nothing is known of its fields. */
export type Fields = { readonly [key: string]: unknown };

/** Deepest nesting of a message; the platform's have four levels. */
const DEPTH_LIMIT = 16;

/** Reads a message from the platform. @returns the object, or why there is none */
export function parseMessage(payload: Uint8Array): Fields | string {
  const text = decodeUtf8(payload);
  if (text === undefined) return "not UTF-8";
  if (!isShallow(text)) return "nested too deep";
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  return isFields(message) ? message : "not a JSON object";
}

export function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * JSON.parse recurses: on a small stack a few thousand brackets would end the engine. Up to the first syntax error this
 * finds the same strings as the parser, and the parser stops at that error.
 */
function isShallow(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '"') quoted = !quoted;
    else if (quoted) index += character === "\\" ? 1 : 0;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth > DEPTH_LIMIT) return false;
  }
  return true;
}
