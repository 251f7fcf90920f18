import ts from "typescript";
import { type BundleProgram, type Finding, targetsOf } from "./program.js";

/** Properties that a frozen prototype has: assigning one to an object that inherits it throws. */
const FROZEN = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...["name", "message", "stack", "cause"],
  ...["apply", "bind", "call"],
]);

/** Modules that every board has, or brings by its manifest. */
const BOARD_MODULE = /^(embedded:[\w/-]+|timer|time|crypt|digest|modules|net|mc\/[\w/-]+|moddable-ota(\/[\w-]+)?)$/;

/**
 * What no bundle may do: load or make code, reach built-ins by a name that `strip` cannot see, import what no board
 * has.
 */
export function foreignCode(program: BundleProgram): Finding[] {
  const found: Finding[] = [];
  for (const node of program.nodes()) {
    const kind = foreignKind(program, node);
    if (kind !== undefined) found.push(program.finding(kind, node));
  }
  return found;
}

function foreignKind(program: BundleProgram, node: ts.Node): string | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
    return BOARD_MODULE.test((node.moduleSpecifier as ts.StringLiteral).text) ? undefined : "import";
  }
  if (node.kind === ts.SyntaxKind.ImportKeyword) return ts.isCallExpression(node.parent) ? "dynamic import" : undefined;
  if (ts.isElementAccessExpression(node)) {
    if (program.globalName(node.expression) !== undefined) return "computed name";
    return ts.isStringLiteralLike(node.argumentExpression) && /^[A-Za-z_$][\w$]*$/.test(node.argumentExpression.text)
      ? "computed name"
      : undefined;
  }
  switch (program.globalName(node)) {
    case "require":
      return "require";
    case "eval":
    case "Function":
      return "eval";
    case "process":
    case "global":
    case "window":
    case "self":
      return ts.isTypeOfExpression(node.parent) ? undefined : "global of another engine";
    default:
      return undefined;
  }
}

/** Assignments that fail on XS because a frozen built-in has the property: `error.name = …`, `object.toString = …`. */
export function overrides(program: BundleProgram): Finding[] {
  return [...program.nodes()].flatMap((node) =>
    targetsOf(node)
      .filter((target) => FROZEN.has(propertyName(target) ?? ""))
      .map(() => program.finding("override", node)),
  );
}

function propertyName(target: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(target)) return target.name.text;
  return ts.isElementAccessExpression(target) && ts.isStringLiteralLike(target.argumentExpression)
    ? target.argumentExpression.text
    : undefined;
}
