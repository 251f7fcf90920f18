import { parseAst } from "rollup/parseAst";

/*
 * Makes data of the page's dictionaries: `cloud/console/state/catalog.ts` has its form, and makes dictionaries of it
 * again. A text with parameters is an arrow function of one expression, of which the few kinds below are understood.
 */

/** @returns the catalog of a dictionary @throws Error that names the text which is of no kind that is understood */
export function catalogOf(value, path = "") {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((item, index) => catalogOf(item, `${path}.${index}`));
  if (typeof value === "function") return { "=>": functionOf(value, path) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, catalogOf(item, `${path}.${key}`)]));
}

function functionOf(text, path) {
  const [{ expression: arrow }] = parseAst(`(${text.toString()})`).body;
  const names = arrow.params.map(({ name }) => name);
  if (arrow.type !== "ArrowFunctionExpression" || arrow.body.type === "BlockStatement" || names.includes(undefined)) {
    throw new Error(`${path} is to be an arrow function of one expression`);
  }
  return expressionOf(arrow.body, names, path);
}

function expressionOf(node, names, path) {
  const of = (child) => expressionOf(child, names, path);
  switch (node.type) {
    case "Literal":
      return typeof node.value === "number" ? ["number", node.value] : String(node.value);
    case "Identifier": {
      const index = names.indexOf(node.name);
      if (index === -1) throw new Error(`${path} uses ${node.name}, which is no parameter`);
      return index;
    }
    case "TemplateLiteral":
      return ["+", ...partsOf(node, of).filter((part) => part !== "")];
    case "ConditionalExpression":
      return ["?", of(node.test), of(node.consequent), of(node.alternate)];
    case "BinaryExpression":
      if (node.operator === "===" || node.operator === ">") return [node.operator, of(node.left), of(node.right)];
      break;
  }
  throw new Error(`${path} has a ${node.type}: use a template, a comparison by === or >, or a choice by ?`);
}

function partsOf({ quasis, expressions }, of) {
  return quasis.flatMap(({ value }, index) => [
    value.cooked,
    ...(index < expressions.length ? [of(expressions[index])] : []),
  ]);
}
