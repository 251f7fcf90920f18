import ts from "typescript";

/** One small change of a source file. */
export interface Mutant {
  /** Path of the file from the project's folder. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  /** The original text, and its replacement. */
  readonly original: string;
  readonly replacement: string;
}

interface Change {
  readonly node: ts.Node;
  readonly operator: string;
  readonly replacement: string;
}

const { SyntaxKind } = ts;

/** Each operator, and those that a programmer may mistake it for. */
const BINARY: { readonly [token: string]: readonly [operator: string, ...others: string[]] } = {
  "===": ["equality", "!=="],
  "!==": ["equality", "==="],
  "<": ["relation", "<=", ">="],
  "<=": ["relation", "<", ">"],
  ">": ["relation", ">=", "<="],
  ">=": ["relation", ">", "<"],
  "+": ["arithmetic", "-"],
  "-": ["arithmetic", "+"],
  "*": ["arithmetic", "/"],
  "/": ["arithmetic", "*"],
  "%": ["arithmetic", "*"],
  "**": ["arithmetic", "*"],
  "&": ["bits", "|"],
  "|": ["bits", "&"],
  "^": ["bits", "&"],
  "<<": ["bits", ">>"],
  ">>": ["bits", "<<"],
  ">>>": ["bits", "<<"],
  "&&": ["logic", "||"],
  "||": ["logic", "&&"],
  "??": ["logic", "&&"],
  "+=": ["assignment", "-="],
  "-=": ["assignment", "+="],
  "*=": ["assignment", "/="],
  "??=": ["assignment", "="],
};

const METHODS: { readonly [name: string]: string } = {
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
  toLowerCase: "toUpperCase",
};

/** Every mutant of a file, in the order of the text. Types, strings and what is only logged are left alone. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isTypeNode(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isImportDeclaration(node)
    ) {
      return;
    }
    if (isLogging(node)) return;
    for (const { node: at, operator, replacement } of changesOf(node)) {
      const [start, end] = [at.getStart(source), at.getEnd()];
      const line = source.getLineAndCharacterOfPosition(start).line + 1;
      mutants.push({ file, line, operator, start, end, original: text.slice(start, end), replacement });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

export function apply(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The description is the same in every run, as long as the line is the same. */
export function describeMutant({ operator, original, replacement }: Mutant): string {
  return `${operator}: ${oneLine(original)} -> ${oneLine(replacement)}`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 60)}…${line.slice(-16)}` : line;
}

function changesOf(node: ts.Node): Change[] {
  if (ts.isBinaryExpression(node)) return ofBinary(node);
  if (ts.isPrefixUnaryExpression(node)) return ofUnary(node);
  if (ts.isPostfixUnaryExpression(node)) return [increment(node, node.operand, "post")];
  if (node.kind === SyntaxKind.TrueKeyword) return [{ node, operator: "boolean", replacement: "false" }];
  if (node.kind === SyntaxKind.FalseKeyword) return [{ node, operator: "boolean", replacement: "true" }];
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) {
    return ofCondition(node.expression, ts.isIfStatement(node));
  }
  if (ts.isForStatement(node) && node.condition !== undefined) return ofCondition(node.condition, false);
  if (ts.isConditionalExpression(node)) return ofCondition(node.condition, true);
  if (ts.isBlock(node) && node.statements.length > 0) return [{ node, operator: "block", replacement: "{}" }];
  if (ts.isCaseClause(node) && node.statements.length > 0) {
    return node.statements.map((statement) => ({ node: statement, operator: "case", replacement: ";" })).slice(0, 1);
  }
  if (ts.isReturnStatement(node) && node.expression !== undefined && !isTrivial(node.expression)) {
    return [{ node: node.expression, operator: "return", replacement: "undefined" }];
  }
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) {
    return [{ node, operator: "array", replacement: "[]" }];
  }
  if (ts.isPropertyAccessExpression(node)) return ofProperty(node);
  return [];
}

function ofBinary(node: ts.BinaryExpression): Change[] {
  const token = node.operatorToken.getText();
  const [operator, ...others] = BINARY[token] ?? [];
  if (operator === undefined || (token === "+" && (isText(node.left) || isText(node.right)))) return [];
  return others.map((replacement) => ({ node: node.operatorToken, operator, replacement }));
}

function ofUnary(node: ts.PrefixUnaryExpression): Change[] {
  switch (node.operator) {
    case SyntaxKind.ExclamationToken:
      return [{ node, operator: "negation", replacement: node.operand.getText() }];
    case SyntaxKind.PlusPlusToken:
    case SyntaxKind.MinusMinusToken:
      return [increment(node, node.operand, "pre")];
    case SyntaxKind.MinusToken:
    case SyntaxKind.TildeToken:
      return [{ node, operator: "sign", replacement: node.operand.getText() }];
    default:
      return [];
  }
}

function increment(
  node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  operand: ts.Node,
  place: "pre" | "post",
): Change {
  const other = node.operator === SyntaxKind.PlusPlusToken ? "--" : "++";
  return {
    node,
    operator: "increment",
    replacement: place === "pre" ? other + operand.getText() : operand.getText() + other,
  };
}

/** A loop that never ends is no finding: only `false` there. */
function ofCondition(condition: ts.Expression, both: boolean): Change[] {
  if (condition.kind === SyntaxKind.TrueKeyword) return [];
  const values = both ? ["true", "false"] : ["false"];
  return values.map((replacement) => ({ node: condition, operator: "condition", replacement }));
}

function ofProperty(node: ts.PropertyAccessExpression): Change[] {
  const changes: Change[] = [];
  if (node.questionDotToken !== undefined) {
    changes.push({ node: node.questionDotToken, operator: "optional", replacement: "." });
  }
  const other = METHODS[node.name.text];
  if (other !== undefined && ts.isCallExpression(node.parent) && node.parent.expression === node) {
    changes.push({ node: node.name, operator: "method", replacement: other });
  }
  return changes;
}

function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function isTrivial(node: ts.Expression): boolean {
  return (
    node.kind === SyntaxKind.TrueKeyword ||
    node.kind === SyntaxKind.FalseKeyword ||
    (ts.isIdentifier(node) && node.text === "undefined")
  );
}

/** A statement that only logs. */
function isLogging(node: ts.Node): boolean {
  return (
    ts.isExpressionStatement(node) &&
    ts.isCallExpression(node.expression) &&
    /(^|\.)#?log$/.test(node.expression.expression.getText())
  );
}
