import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { parseAst } from "rollup/parseAst";
import { bundleText } from "../support/built.js";
import { ROOT } from "../support/root.js";

interface Methods {
  withoutPrivateMethods(code: string, tree: object): string;
}

const { withoutPrivateMethods } = (await import(pathToFileURL(join(ROOT, "bundle", "methods.mjs")).href)) as Methods;

function transformed(code: string): string {
  return withoutPrivateMethods(code, parseAst(code));
}

test("private methods and accessors become ordinary ones, fields stay private", () => {
  assert.equal(
    transformed(
      "class A { #n = 1; #up() { this.#n++; } get #two() { return 2; } run() { this.#up(); return this.#two; } }",
    ),
    "class A { #n = 1; _up() { this.#n++; } get _two() { return 2; } run() { this._up(); return this._two; } }",
  );
});

test("a name belongs to the innermost class that declares it", () => {
  assert.equal(
    transformed("class A { #x() { return class { #x = 1; #y() { return this.#x; } }; } y(a) { return a.#x(); } }"),
    "class A { _x() { return class { #x = 1; _y() { return this.#x; } }; } y(a) { return a._x(); } }",
  );
});

test("a class that extends another, or may be extended by an application, keeps its private methods, and so does a static one", () => {
  for (const kept of [
    "class A extends B { #x() {} y() { this.#x(); } }",
    "class OtaAgent { #x() {} }",
    "class A { static #x() {} y() { A.#x(); } }",
  ]) {
    assert.equal(transformed(kept), kept);
  }
});

test("the agent's bundle has private methods in classes alone that extend another, and in the agent's own", () => {
  const classes = bundleText("moddable-ota", "readable").split(/(?=^class |\bclass extends )/m);
  const withMethods = classes
    .filter((text) => /^\s+(get )?#\w+\([^;]*\{$/m.test(text))
    .map((text) => text.slice(0, text.indexOf("{")).trim());
  assert.deepEqual(withMethods, ["class OtaAgent", "class extends TCP"]);
});
