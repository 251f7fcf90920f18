import ts from "typescript";
import { type BundleProgram, type Finding, targetsOf } from "./program.js";

/** What keeps bytes or entries that XS preload makes read-only, some of it silently. */
const FROZEN_KINDS = new Set([
  ...[
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "WeakRef",
    "FinalizationRegistry",
    "Date",
    "ArrayBuffer",
    "SharedArrayBuffer",
    "DataView",
    "Buffer",
  ],
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
]);

/** Calls at load that only compute, and call nothing that they are handed. */
const HARMLESS =
  /^(Object\.(freeze|keys|entries|fromEntries|assign|create|defineProperty)|Symbol|Number|String|Boolean|Error)$/;

/** Methods of arrays and strings whose callbacks are followed. */
const HARMLESS_METHODS = new Set([
  "map",
  "filter",
  "reduce",
  "forEach",
  "concat",
  "join",
  "slice",
  "split",
  "toString",
  "call",
]);

type FunctionNode = ts.FunctionLikeDeclaration;

/**
 * What a preloaded module must not have. A RegExp is among it: on a chip its program lies in ROM, and each match leaks
 * and may corrupt the heap (docs/moddable-regexp.md). Code that runs while the module loads is found by following calls
 * from the top level; what it declares lives as long as the module if later code sees it.
 */
export function moduleScope(program: BundleProgram): Finding[] {
  return new ModuleScope(program).findings();
}

class ModuleScope {
  readonly #program: BundleProgram;
  readonly #found: Finding[] = [];
  /** Functions that run while the module loads. */
  readonly #atLoad = new Set<ts.Node>();

  constructor(program: BundleProgram) {
    this.#program = program;
  }

  findings(): Finding[] {
    this.#run(this.#program.source);
    for (const node of this.#program.nodes()) {
      for (const target of targetsOf(node)) this.#written(target, node);
    }
    return this.#found;
  }

  #report(kind: string, node: ts.Node): void {
    this.#found.push(this.#program.finding(kind, node));
  }

  /** Follows what is evaluated; function bodies only if they are called. */
  #run(node: ts.Node): void {
    if (ts.isFunctionLike(node)) return;
    if (ts.isClassLike(node)) this.#classes(node);
    else {
      if (ts.isRegularExpressionLiteral(node)) this.#report("RegExp", node);
      if (ts.isTaggedTemplateExpression(node)) this.#report("call", node);
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) this.#called(node);
      ts.forEachChild(node, (child) => this.#run(child));
    }
  }

  #classes(node: ts.ClassLikeDeclaration): void {
    for (const clause of node.heritageClauses ?? []) this.#run(clause);
    for (const member of node.members) {
      if (member.name !== undefined && ts.isComputedPropertyName(member.name)) this.#run(member.name);
      if (ts.isClassStaticBlockDeclaration(member)) {
        this.#report("static block", member);
        this.#run(member.body);
      } else if (
        ts.isPropertyDeclaration(member) &&
        member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword)
      ) {
        this.#report("static field", member);
        if (member.initializer !== undefined) this.#run(member.initializer);
      }
    }
  }

  #called(node: ts.CallExpression | ts.NewExpression): void {
    const callee = bare(node.expression);
    const name = callee.getText(this.#program.source);
    const global = this.#program.globalName(root(callee)) !== undefined;
    if (global && HARMLESS.test(name)) return;
    for (const argument of node.arguments ?? []) this.#enter(functionOf(this.#program, argument));
    if (global && FROZEN_KINDS.has(name.split(".")[0] ?? "")) {
      this.#report(name.split(".")[0] as string, node);
    } else if (global && name === "RegExp") {
      this.#report("RegExp", node);
    } else if (ts.isIdentifier(callee) || ts.isFunctionLike(callee) || ts.isClassLike(callee)) {
      const target = functionOf(this.#program, callee);
      if (target === undefined || ts.isNewExpression(node)) {
        this.#report(ts.isNewExpression(node) ? "instance" : "call", node);
      }
      this.#enter(target);
    } else if (!ts.isPropertyAccessExpression(callee) || !HARMLESS_METHODS.has(callee.name.text)) {
      this.#report("call", node);
    } else {
      this.#enter(functionOf(this.#program, bare(callee.expression)));
    }
  }

  #enter(target: FunctionNode | ts.ClassLikeDeclaration | undefined): void {
    if (target === undefined || this.#atLoad.has(target)) return;
    this.#atLoad.add(target);
    if (!ts.isClassLike(target)) {
      for (const parameter of target.parameters) {
        if (parameter.initializer !== undefined) this.#run(parameter.initializer);
      }
      if (target.body !== undefined) this.#run(target.body);
      return;
    }
    for (const member of target.members) {
      if (ts.isConstructorDeclaration(member)) this.#enter(member);
      else if (ts.isPropertyDeclaration(member) && member.initializer !== undefined) this.#run(member.initializer);
    }
  }

  #written(target: ts.Node, node: ts.Node): void {
    const name = root(target);
    if (ts.isIdentifier(target)) {
      const declaration = this.#program.declarationOf(target);
      if (declaration === undefined) this.#report("write to a global", node);
      else if (this.#isAtLoad(declaration) && this.#isSeenLater(declaration)) this.#report("assigned variable", node);
      return;
    }
    if (this.#isAtLoad(node)) return;
    if (name.kind === ts.SyntaxKind.ThisKeyword && inStaticMember(name)) this.#report("property of a function", node);
    if (!ts.isIdentifier(name)) return;
    const declaration = this.#program.declarationOf(name);
    if (declaration === undefined) {
      this.#report("write to a global", node);
      return;
    }
    if (!this.#isAtLoad(declaration) || ts.isParameter(declaration)) return;
    this.#report(
      functionOf(this.#program, name) === undefined ? "write to a module's object" : "property of a function",
      node,
    );
  }

  /** The innermost function around it, if any, runs at load. */
  #isAtLoad(node: ts.Node): boolean {
    const around = scopeOf(node);
    return around === undefined || this.#atLoad.has(around);
  }

  #isSeenLater(declaration: ts.Declaration): boolean {
    for (const node of this.#program.nodes(scopeOf(declaration) ?? this.#program.source)) {
      if (ts.isIdentifier(node) && !this.#isAtLoad(node) && this.#program.declarationOf(node) === declaration) {
        return true;
      }
    }
    return false;
  }
}

function scopeOf(node: ts.Node): ts.Node | undefined {
  // A function's own name belongs to the scope around it; a field of a class is run by its constructor.
  const from = ts.isFunctionDeclaration(node) || ts.isClassLike(node) ? node.parent : node;
  return ts.findAncestor(
    from,
    (around) => ts.isFunctionLike(around) || (ts.isPropertyDeclaration(around) && around !== node && !isStatic(around)),
  );
}

function isStatic(member: ts.PropertyDeclaration | ts.MethodDeclaration): boolean {
  return member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true;
}

function inStaticMember(node: ts.Node): boolean {
  const member = ts.findAncestor(
    node,
    (around) => ts.isClassElement(around) || ts.isFunctionDeclaration(around) || ts.isFunctionExpression(around),
  );
  return member !== undefined && ts.isMethodDeclaration(member) && isStatic(member);
}

function bare(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node) ? bare(node.expression) : node;
}

/** `a` of `a.b[c].d`. */
function root(node: ts.Node): ts.Node {
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isParenthesizedExpression(node)
    ? root(node.expression)
    : node;
}

/** The function or class that an expression is, or that the bundle gives the name once and for all. */
function functionOf(program: BundleProgram, expression: ts.Node): FunctionNode | ts.ClassLikeDeclaration | undefined {
  const node = bare(expression);
  if (
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassLike(node)
  ) {
    return node;
  }
  if (!ts.isIdentifier(node)) return undefined;
  const declaration = program.declarationOf(node);
  if (declaration === undefined) return undefined;
  if (ts.isFunctionDeclaration(declaration) || ts.isClassLike(declaration)) return declaration;
  return ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined &&
    bare(declaration.initializer) !== node
    ? functionOf(program, declaration.initializer)
    : undefined;
}
