import ts from "typescript";

export interface Finding {
  readonly kind: string;
  /** The module of the bundle, if the text marks its modules. */
  readonly file: string;
  /** The source text of the place, cut to one short line. */
  readonly text: string;
}

const FILE = "/bundle.js";

/** A bundle, parsed, with its names resolved: what is not declared in it is a global. */
export class BundleProgram {
  readonly source: ts.SourceFile;
  readonly #checker: ts.TypeChecker;
  readonly #marks: readonly { readonly at: number; readonly file: string }[];

  constructor(text: string) {
    const source = ts.createSourceFile(FILE, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
    const program = ts.createProgram({
      rootNames: [FILE],
      options: {
        allowJs: true,
        noLib: true,
        noResolve: true,
        types: [],
        target: ts.ScriptTarget.ESNext,
        module: ts.ModuleKind.ESNext,
      },
      host: {
        getSourceFile: (name) => (name === FILE ? source : undefined),
        fileExists: (name) => name === FILE,
        readFile: () => undefined,
        writeFile: () => {},
        getDefaultLibFileName: () => "",
        getCurrentDirectory: () => "/",
        getCanonicalFileName: (name) => name,
        useCaseSensitiveFileNames: () => true,
        getNewLine: () => "\n",
      },
    });
    const [broken] = program.getSyntacticDiagnostics(source);
    if (broken !== undefined) throw new Error(ts.flattenDiagnosticMessageText(broken.messageText, " "));
    this.source = source;
    this.#checker = program.getTypeChecker();
    this.#marks = [...text.matchAll(/^\/\/#module (.*)$/gm)].map(({ index, 1: file = "" }) => ({ at: index, file }));
  }

  finding(kind: string, node: ts.Node): Finding {
    const text = node.getText(this.source).replace(/\s+/g, " ");
    return { kind, file: this.fileOf(node), text: text.length > 60 ? `${text.slice(0, 57)}...` : text };
  }

  fileOf(node: ts.Node): string {
    return this.#marks.findLast(({ at }) => at <= node.getStart(this.source))?.file ?? "";
  }

  /** The declaration of the name in the bundle; nothing for a global. */
  declarationOf(name: ts.Identifier): ts.Declaration | undefined {
    const shorthand = ts.isShorthandPropertyAssignment(name.parent);
    const symbol = shorthand
      ? this.#checker.getShorthandAssignmentValueSymbol(name.parent)
      : this.#checker.getSymbolAtLocation(name);
    return symbol?.declarations?.find((declaration) => declaration.getSourceFile() === this.source);
  }

  /** The name of a global that the expression is, and `undefined` for everything else. */
  globalName(node: ts.Node): string | undefined {
    if (!ts.isIdentifier(node) || !isReference(node)) return undefined;
    return this.declarationOf(node) === undefined ? node.text : undefined;
  }

  /** Every node of the bundle, in the order of the text. */
  *nodes(from: ts.Node = this.source): Generator<ts.Node> {
    yield from;
    const children: ts.Node[] = [];
    ts.forEachChild(from, (child) => void children.push(child));
    for (const child of children) yield* this.nodes(child);
  }
}

/** A name that stands for a value, not one of a property, label or declaration. */
function isReference(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === name;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) {
    return "initializer" in parent && parent.initializer === name;
  }
  if (ts.isAccessor(parent) || ts.isBreakOrContinueStatement(parent) || ts.isLabeledStatement(parent)) return false;
  if (ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent) || ts.isMetaProperty(parent)) return false;
  if (ts.isBindingElement(parent)) return parent.initializer === name;
  return true;
}

export const ASSIGNMENTS = new Set<ts.SyntaxKind>(
  Array.from(
    { length: ts.SyntaxKind.LastAssignment - ts.SyntaxKind.FirstAssignment + 1 },
    (_, at) => ts.SyntaxKind.FirstAssignment + at,
  ),
);

/** What a node writes to: assignments, `++`, `delete`, the heads of loops, and each part of a pattern. */
export function targetsOf(node: ts.Node): ts.Node[] {
  if (ts.isBinaryExpression(node) && ASSIGNMENTS.has(node.operatorToken.kind)) return partsOf(node.left);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const writes = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    return writes ? [node.operand] : [];
  }
  if (ts.isDeleteExpression(node)) return [node.expression];
  if ((ts.isForOfStatement(node) || ts.isForInStatement(node)) && !ts.isVariableDeclarationList(node.initializer)) {
    return partsOf(node.initializer);
  }
  return [];
}

function partsOf(target: ts.Node): ts.Node[] {
  if (ts.isParenthesizedExpression(target)) return partsOf(target.expression);
  if (ts.isArrayLiteralExpression(target)) return target.elements.flatMap(partsOf);
  if (ts.isSpreadElement(target) || ts.isSpreadAssignment(target)) return partsOf(target.expression);
  if (ts.isBinaryExpression(target)) return partsOf(target.left);
  if (!ts.isObjectLiteralExpression(target)) return [target];
  return target.properties.flatMap((property) => {
    if (ts.isPropertyAssignment(property)) return partsOf(property.initializer);
    return ts.isSpreadAssignment(property) ? partsOf(property) : [property.name as ts.Node];
  });
}
