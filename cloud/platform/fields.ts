export type Fields = { readonly [key: string]: unknown };

/** @returns the fields of a JSON object, or `undefined` if the payload is no JSON or no object */
export function parseFields(payload: string): Fields | undefined {
  try {
    return asFields(JSON.parse(payload));
  } catch {
    return undefined;
  }
}

export function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}
