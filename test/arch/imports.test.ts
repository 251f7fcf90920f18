import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { files, importsOf } from "./imports.js";
import { RULES } from "./rules.js";

const imports = ["src", "hal", "cloud", "cli", "test", "bench"].flatMap(importsOf);

for (const { says, holds, refuses } of RULES) {
  test(says, () => {
    for (const found of imports) assert.ok(holds(found), `${found.file} imports ${found.target}`);
  });

  test(`refused: ${refuses.join(", ")}`, () => {
    for (const text of refuses) {
      const [target = "", file = ""] = text.split(" ").reverse();
      assert.ok(!holds({ file, target, names: [], typeOnly: text.startsWith("type ") }), text);
    }
  });
}

test("nothing imports in a circle", () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, typeOnly } of imports) {
    if (typeOnly || !target.includes("/")) continue;
    const from = file.replace(/\.tsx?$/, "");
    edges.set(from, [...(edges.get(from) ?? []), target]);
  }
  const state = new Map<string, "open" | "done">();
  const visit = (node: string, path: readonly string[]): void => {
    if (state.get(node) === "done") return;
    assert.notEqual(state.get(node), "open", `circle: ${[...path, node].join(" -> ")}`);
    state.set(node, "open");
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    state.set(node, "done");
  };
  for (const node of edges.keys()) visit(node, []);
});

test("src uses no global of Node, of browsers or of timers", () => {
  const globals =
    /\b(Buffer|process|setTimeout|setInterval|setImmediate|queueMicrotask|console|TextEncoder|TextDecoder|URL|crypto|structuredClone|fetch)\b/;
  for (const file of files("src").concat(files("hal/ecma419"), files("hal/http"), files("hal/ports"))) {
    if (file.endsWith(".d.ts")) continue;
    const code = readFileSync(join(ROOT, file), "utf8").replace(
      /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
      "",
    );
    assert.doesNotMatch(code, globals, file);
  }
});
