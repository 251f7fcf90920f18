import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJsonState } from "../../../../cloud/store/json-state.js";

const WHOLE = { devices: [], firmwares: [], tasks: [], rules: [], products: [], signingKey: "00".repeat(20) };

test("a whole state is read as it is, with products and without", () => {
  assert.deepEqual(parseJsonState(JSON.stringify(WHOLE)), WHOLE);
  const { products: _products, ...oldest } = WHOLE;
  assert.deepEqual(parseJsonState(JSON.stringify(oldest)), oldest);
});

test("a text that is damaged holds no state", () => {
  for (const text of ["", "{", "null", "[]", "7", '"text"', "{}", '{"devices":{},"tasks":[]}', "\u0000\u0001"]) {
    assert.equal(parseJsonState(text), undefined, text);
  }
});

test("a state that lacks a part, or has a wrong one, is refused", () => {
  for (const part of Object.keys(WHOLE)) {
    for (const wrong of [undefined, null, "text"]) {
      if (part === "signingKey" && wrong === "text") continue;
      if (part === "products" && wrong === undefined) continue;
      assert.equal(parseJsonState(JSON.stringify({ ...WHOLE, [part]: wrong })), undefined, `${part}: ${wrong}`);
    }
  }
});
