/** A schema of JSON Schema 2020-12, as far as the API's document uses it. */
export type Schema = { readonly [keyword: string]: unknown };

/**
 * Compares a value with a schema.
 *
 * @param document holds the schemas that `$ref` names
 * @returns one line for each difference @throws Error if the schema uses a keyword that this does not know
 */
export function differences(document: Schema, schema: Schema, value: unknown, at = "$"): string[] {
  const found: string[] = [];
  const wrong = (what: string): void => void found.push(`${at}: ${what}, not ${JSON.stringify(value)}`);
  for (const [keyword, argument] of Object.entries(schema)) {
    switch (keyword) {
      case "$ref":
        found.push(...differences(document, referred(document, argument as string), value, at));
        break;
      case "type":
        if (![argument].flat().some((type) => isOfType(value, type as string))) wrong(`is ${String(argument)}`);
        break;
      case "enum":
        if (!(argument as unknown[]).includes(value)) wrong(`is one of ${String(argument)}`);
        break;
      case "const":
        if (value !== argument) wrong(`is ${String(argument)}`);
        break;
      case "pattern":
        if (typeof value === "string" && !new RegExp(argument as string).test(value)) wrong(`is like ${argument}`);
        break;
      case "minimum":
        if ((value as number) < (argument as number)) wrong(`is ${argument as number} or more`);
        break;
      case "maximum":
        if ((value as number) > (argument as number)) wrong(`is ${argument as number} or less`);
        break;
      case "minLength":
        if ((value as string).length < (argument as number)) wrong(`has ${argument as number} characters or more`);
        break;
      case "maxLength":
        if ((value as string).length > (argument as number)) wrong(`has ${argument as number} characters or less`);
        break;
      case "minItems":
        if ((value as unknown[]).length < (argument as number)) wrong(`has ${argument as number} items or more`);
        break;
      case "maxItems":
        if ((value as unknown[]).length > (argument as number)) wrong(`has ${argument as number} items or less`);
        break;
      case "anyOf":
        if (!(argument as Schema[]).some((each) => differences(document, each, value, at).length === 0)) {
          wrong("is one of several");
        }
        break;
      case "oneOf": {
        const fitting = (argument as Schema[]).filter((each) => differences(document, each, value, at).length === 0);
        if (fitting.length !== 1) wrong("is exactly one of several");
        break;
      }
      case "items":
        for (const [index, item] of (Array.isArray(value) ? value : []).entries()) {
          found.push(...differences(document, argument as Schema, item, `${at}[${index}]`));
        }
        break;
      case "required":
        for (const key of argument as string[]) {
          if (!isObject(value) || !(key in value)) found.push(`${at}: ${key} is missing`);
        }
        break;
      case "properties":
      case "additionalProperties":
        found.push(...propertyDifferences(document, schema, keyword, value, at));
        break;
      case "propertyNames":
      case "format":
        break;
      default:
        throw new Error(`${at}: keyword ${keyword}`);
    }
  }
  return found;
}

function propertyDifferences(
  document: Schema,
  schema: Schema,
  keyword: "properties" | "additionalProperties",
  value: unknown,
  at: string,
): string[] {
  if (!isObject(value)) return [];
  const properties = (schema["properties"] ?? {}) as { readonly [name: string]: Schema };
  return Object.entries(value).flatMap(([key, inner]) => {
    const own = properties[key];
    if (keyword === "properties") return own === undefined ? [] : differences(document, own, inner, `${at}.${key}`);
    if (own !== undefined) return [];
    const others = schema["additionalProperties"];
    if (others === false) return [`${at}: ${key} is not described`];
    return isObject(others) ? differences(document, others, inner, `${at}.${key}`) : [];
  });
}

function referred(document: Schema, reference: string): Schema {
  let place: unknown = document;
  for (const key of reference.replace(/^#\//, "").split("/")) place = (place as Schema)[key];
  if (!isObject(place)) throw new Error(`no schema ${reference}`);
  return place;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return type === "object" ? isObject(value) : typeof value === type;
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
