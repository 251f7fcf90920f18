import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { parseAst } from "rollup/parseAst";
import { bundleText } from "../support/built.js";
import { ROOT } from "../support/root.js";

interface Privates {
  withoutPrivateNames(code: string, tree: object): string;
}

const { withoutPrivateNames } = (await import(pathToFileURL(join(ROOT, "bundle", "privates.mjs")).href)) as Privates;

function transformed(code: string): string {
  return withoutPrivateNames(code, parseAst(code));
}

test("private fields, methods and accessors become ordinary ones", () => {
  assert.equal(
    transformed(
      "class A { #n = 1; #up() { this.#n++; } get #two() { return 2; } run() { this.#up(); return this.#two; } }",
    ),
    "class A { _n = 1; _up() { this._n++; } get _two() { return 2; } run() { this._up(); return this._two; } }",
  );
});

test("a name belongs to the innermost class that declares it", () => {
  assert.equal(
    transformed(
      "class A { #x() { return class extends B { #x = 1; #y() { return this.#x; } }; } y(a) { return a.#x(); } }",
    ),
    "class A { _x() { return class extends B { #x = 1; #y() { return this.#x; } }; } y(a) { return a._x(); } }",
  );
});

test("a class that extends another, or may be extended by an application, keeps its private members, and so does a static one", () => {
  for (const kept of [
    "class A extends B { #n = 1; #x() {} y() { this.#x(this.#n); } }",
    "class OtaAgent { #n = 1; #x() {} }",
    "class A { static #x() {} y() { A.#x(); } }",
  ]) {
    assert.equal(transformed(kept), kept);
  }
});

test("the agent's bundle has private names in classes alone that extend another, and in the agent's own", () => {
  const classes = bundleText("moddable-ota", "readable").split(/(?=^class |\bclass extends )/m);
  const withNames = classes.filter((text) => /\.#\w/.test(text)).map((text) => text.slice(0, text.indexOf("{")).trim());
  assert.deepEqual(withNames, ["class OtaAgent", "class extends TCP"]);
});
