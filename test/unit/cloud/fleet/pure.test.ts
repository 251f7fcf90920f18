import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../../support/root.js";

const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|performance|process|Buffer|setTimeout|setInterval|setImmediate|queueMicrotask|console|fetch|crypto|require|globalThis|toLocale\w+)\b/;

for (const name of readdirSync(join(ROOT, "cloud/fleet"))) {
  test(`cloud/fleet/${name} has no clock, no randomness, no global of Node, and nothing mutable at its top`, () => {
    const code = readFileSync(join(ROOT, "cloud/fleet", name), "utf8").replace(
      /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
      "",
    );
    assert.doesNotMatch(code, IMPURE);
    assert.doesNotMatch(code, /^(export )?(let|var)\b|^(export )?const \w+[^=\n]*= (new |\[|\{)/m);
  });
}
