/*
 * The words of a language come as data, so that a browser loads only those that it shows, and no script for them. The
 * build makes it of the dictionaries in text/: a text with parameters becomes `{ "=>": expression }`.
 */

/** A text, the index of a parameter, or an operation. */
export type Expression =
  | string
  | number
  | readonly ["number", number]
  /** Parts of a text, one behind the other. */
  | readonly ["+", ...Expression[]]
  | readonly ["===" | ">", Expression, Expression]
  | readonly ["?", test: Expression, then: Expression, otherwise: Expression];

export type Catalog = string | readonly Catalog[] | { readonly [key: string]: Catalog | Expression };

/** Key of a text with parameters. */
export const FUNCTION = "=>";

/** @returns the dictionary that the catalog was made of */
export function revive(catalog: Catalog): unknown {
  if (typeof catalog === "string") return catalog;
  if (Array.isArray(catalog)) return catalog.map(revive);
  const entries = catalog as { readonly [key: string]: Catalog };
  if (FUNCTION in entries) {
    const expression = entries[FUNCTION] as Expression;
    return (...values: readonly unknown[]) => evaluate(expression, values);
  }
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, revive(value)]));
}

function evaluate(expression: Expression, values: readonly unknown[]): unknown {
  if (typeof expression === "string") return expression;
  if (typeof expression === "number") return values[expression];
  switch (expression[0]) {
    case "number":
      return expression[1];
    case "+":
      return expression
        .slice(1)
        .map((part) => String(evaluate(part as Expression, values)))
        .join("");
    case "===":
      return evaluate(expression[1], values) === evaluate(expression[2], values);
    case ">":
      return Number(evaluate(expression[1], values)) > Number(evaluate(expression[2], values));
    case "?":
      return evaluate(evaluate(expression[1], values) ? expression[2] : expression[3], values);
  }
}
