import assert from "node:assert/strict";
import { test } from "node:test";
import { reportAborts } from "../../../hal/boards/lin/abort.js";

function printed(exception: unknown, why = "unhandled exception"): string {
  const lines: string[] = [];
  const global: Parameters<typeof reportAborts>[1] = {};
  reportAborts((text) => lines.push(text), global);
  assert.equal(global.abort?.(why, exception), undefined, "a value that is false would keep the engine alive");
  return lines.join("");
}

test("the exception that ends the engine is printed, with its stack if it has one", () => {
  const error = new Error("cannot read flash.bin");
  error.stack = "Error: cannot read flash.bin\n at main";
  assert.equal(printed(error), "unhandled exception: Error: cannot read flash.bin\n at main\n");
  assert.equal(printed("a text"), "unhandled exception: a text\n");
  assert.equal(printed(null), "unhandled exception: null\n");
  assert.equal(printed(Object.create(null)), "unhandled exception: an exception that has no text\n");
});

test("an end without an exception adds nothing to what the engine prints", () => {
  assert.equal(printed(undefined, "memory full"), "");
});

test("an application's own hook is left in place", () => {
  const own = (): boolean => false;
  const global = { abort: own };
  reportAborts(() => assert.fail(), global);
  assert.equal(global.abort, own);
});
