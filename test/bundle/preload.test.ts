import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { readSizes } from "../../bench/sizes.js";
import { bundleText } from "../support/built.js";
import { ROOT } from "../support/root.js";
import { foreignCode, overrides } from "./foreign.js";
import { moduleScope } from "./module-scope.js";
import { BundleProgram, type Finding } from "./program.js";

/** What third parties do while their modules load, and why each is safe once that is read-only. */
const REVIEWED: readonly { file: string; kind: string; text: RegExp; why: string }[] = [
  { file: "node_modules/spark-md5/spark-md5.js", kind: "call", text: /^factory\(\)$/, why: "the module's own body" },
  {
    file: "node_modules/mqtt-packet/parser.js",
    kind: "property of a function",
    text: /^this\.(settings|_states) = /,
    why: "in `static parser`, which makes an instance and calls itself with that as `this`",
  },
];

const isReviewed = ({ file, kind, text }: Finding): boolean =>
  REVIEWED.some((known) => new RegExp(`^${known.file}$`).test(file) && known.kind === kind && known.text.test(text));

for (const { name } of readSizes()) {
  const readable = new BundleProgram(bundleText(name, "readable"));
  const minified = new BundleProgram(bundleText(name));

  test(`${name}: nothing at module scope that preload makes read-only, but for what was reviewed in libraries`, () => {
    assert.deepEqual(
      moduleScope(readable).filter((finding) => !isReviewed(finding)),
      [],
    );
  });

  test(`${name}: the minifier adds nothing to module scope`, () => {
    const kinds = (program: BundleProgram): { [kind: string]: number } => {
      const counts: { [kind: string]: number } = {};
      for (const { kind } of moduleScope(program)) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    };
    const before = kinds(readable);
    for (const [kind, count] of Object.entries(kinds(minified))) {
      assert.ok(count <= (before[kind] ?? 0), `${count} of ${kind}`);
    }
  });

  test(`${name}: no property of a frozen built-in is assigned`, () => {
    assert.deepEqual(overrides(readable), []);
    assert.deepEqual(overrides(minified), []);
  });

  test(`${name}: no code is loaded or made, no built-in reached by a computed name, nothing imported that no board has`, () => {
    assert.deepEqual(foreignCode(minified), []);
  });

  test(`${name}: neither readable-stream nor npm's buffer is in it`, () => {
    const { modules } = readSizes().find((sizes) => sizes.name === name) ?? assert.fail();
    for (const file of Object.keys(modules)) {
      assert.doesNotMatch(file, /readable-stream|node_modules\/(safe-)?buffer|string_decoder|ieee754|base64-js/);
    }
    for (const trace of ["ReadableState", "ERR_STREAM", "INSPECT_MAX_BYTES", "_isBuffer", "TYPED_ARRAY_SUPPORT"]) {
      for (const form of ["readable", "moddable"] as const) assert.ok(!bundleText(name, form).includes(trace), trace);
    }
  });
}

for (const file of readdirSync(join(ROOT, "examples"), { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.[jt]s$/.test(name),
)) {
  test(`examples/${file}: no RegExp at module scope, for an application is preloaded too`, () => {
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, "examples", file), "utf8"), {
      compilerOptions: { target: ts.ScriptTarget.ES2022 },
    });
    const findings = moduleScope(new BundleProgram(outputText));
    assert.deepEqual(
      findings.filter(({ kind }) => kind === "RegExp"),
      [],
    );
  });
}

test("everything on the reviewed list is still there", () => {
  const found = readSizes().flatMap(({ name }) => moduleScope(new BundleProgram(bundleText(name, "readable"))));
  for (const { file, kind, text } of REVIEWED) {
    assert.ok(
      found.some(
        (finding) => new RegExp(`^${file}$`).test(finding.file) && finding.kind === kind && text.test(finding.text),
      ),
      `${file}: ${kind}`,
    );
  }
});

const PLANTED: { readonly [kind: string]: readonly string[] } = {
  Map: [
    "const m = new Map();",
    "const o = { m: new Map([[1, 2]]) };",
    "const make = () => new Map(); const m = make();",
    "class A { m = new Map(); } const a = new A();",
  ],
  Set: ["export const s = new Set([1]);"],
  WeakMap: ["const w = new WeakMap();"],
  Uint8Array: [
    "const t = new Uint8Array(4);",
    "const t = Uint8Array.of(1);",
    "const t = [1].map((n) => new Uint8Array(n));",
  ],
  Float64Array: ["const t = Float64Array.from([1]);"],
  ArrayBuffer: ["const b = new ArrayBuffer(8);"],
  DataView: ["function view(b) { return new DataView(b); } const v = view({});"],
  Buffer: ["const b = Buffer.alloc(4);"],
  Date: ["const d = new Date();", "const d = Date.now();"],
  RegExp: [
    "const r = /a/;",
    "const r = /a/g;",
    "const r = new RegExp('a');",
    "const o = { a: [/a/] };",
    "export const is = ((r) => (text) => r.test(text))(/a/);",
    "class A { r = /a/; } const a = new A();",
    "class A { static r = /a/; }",
  ],
  "assigned variable": [
    "let n = 0; export function f() { n++; }",
    "let n; export const f = () => { [n] = [1]; };",
    "var n = 0; export function f() { for (n of [1]); }",
    "const f = (() => { let n = 0; return () => (n += 1); })();",
    "let n = 0; n = 1; export const f = () => n;",
  ],
  "static field": ["class A { static n = 0; }", "const A = class { static #n; };"],
  "static block": ["class A { static { } }"],
  "property of a function": [
    "function f() { f.count = 1; }",
    "class A {} export function f() { A.last = 1; }",
    "const g = () => {}; export function f() { g.x ??= 1; }",
    "class A {} export function f() { A.prototype.x = 1; }",
    "class A { static f() { this.n = 1; } }",
  ],
  "write to a module's object": [
    "const cache = {}; export function f(k) { cache[k] = 1; }",
    "const o = { a: { b: 1 } }; export function f() { delete o.a.b; }",
    "const o = {}; export class A { f() { o.n = 1; } }",
  ],
  "write to a global": ["export function f() { globalThis.x = 1; }", "export function f() { x = 1; }"],
  call: [
    "import flash from 'embedded:storage/flash'; const f = flash.open({ path: 'nextota' });",
    "import Timer from 'timer'; Timer.set(() => {});",
    "import make from 'mc/config'; const m = make();",
    "trace('here');",
    "const t = trace`here`;",
    "const m = Math.random();",
  ],
  instance: ["class A {} const a = new A();", "import Digest from 'crypt'; const d = new Digest('MD5');"],
};

for (const [kind, sources] of Object.entries(PLANTED)) {
  test(`${kind}: it is reported`, () => {
    for (const source of sources) {
      const kinds = moduleScope(new BundleProgram(source)).map((finding) => finding.kind);
      assert.ok(kinds.includes(kind), `${source} has ${kinds.join(", ") || "nothing"}`);
    }
  });
}

test("what lives in a call, in an instance or only while the module loads is not reported", () => {
  for (const source of [
    "export function f() { const m = new Map(); let n = 0; n++; m.set(1, n); return /a/g.test(n) || new RegExp('a'); }",
    "export class A { #bytes = new Uint8Array(4); n = 0; f() { this.n++; this.o.p = 1; } }",
    "const TABLE = Object.freeze({ a: 1 }); export const keys = Object.keys(TABLE);",
    "function row(a) { return { a }; } export const TABLE = Object.freeze({ x: row(1) });",
    "export function f(list) { list.length = 0; for (const one of list) one.x = 1; }",
    "export const f = () => { class A { static n = 0; } return A; };",
    "import Timer from 'timer'; export function f() { Timer.set(() => {}); }",
  ]) {
    assert.deepEqual(moduleScope(new BundleProgram(source)), [], source);
  }
});

test("each override of a frozen property is reported, and a field is not", () => {
  for (const source of [
    "e.name = 'X';",
    "e.message += 'x';",
    "o.toString = () => '';",
    "A.prototype.constructor = A;",
    "({ a: e.name } = o);",
    "o['valueOf'] = f;",
  ]) {
    assert.equal(overrides(new BundleProgram(`export function g(e, o, A, f) { ${source} }`)).length, 1, source);
  }
  assert.deepEqual(
    overrides(
      new BundleProgram(
        "class E extends Error { name = 'E'; } export const o = { toString() { return ''; } }; export const n = o.name;",
      ),
    ),
    [],
  );
});

test("code that is loaded or made, computed built-ins and foreign imports are reported", () => {
  const planted: { [kind: string]: readonly string[] } = {
    import: ["import fs from 'node:fs';", "export * from 'events';", "import 'buffer';"],
    "dynamic import": ["export const f = () => import('timer');"],
    require: ["const a = require('x');", "export const f = (0, require)('x');"],
    eval: ["eval('1');", "const f = new Function('1');", "const f = Function('1');"],
    "computed name": [
      "const s = Symbol['for']('x');",
      "const k = 'keys'; const s = Object[k]({});",
      "export const f = (o) => o['padStart'](2);",
    ],
    "global of another engine": ["export const f = () => process.nextTick(f);"],
  };
  for (const [kind, sources] of Object.entries(planted)) {
    for (const source of sources) {
      assert.ok(
        foreignCode(new BundleProgram(source)).some((finding) => finding.kind === kind),
        source,
      );
    }
  }
  const own =
    "import Timer from 'timer'; import F from 'embedded:storage/flash'; export const f = (o, k) => [o[k], o[0], o['a-b'], o.eval, Timer, F, o.require];";
  assert.deepEqual(foreignCode(new BundleProgram(own)), []);
});
