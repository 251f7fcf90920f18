import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documentNow, pictureNow, readDocument, readPicture } from "../../../bench/document.js";
import { isMet } from "../../../bench/figures/figure.js";
import { MODEL_FIGURES } from "../../../bench/figures/index.js";

describe("in virtual time every goal is met", () => {
  for (const figure of MODEL_FIGURES) {
    test(`figure ${figure.name}`, async () => {
      const rows = await figure.measure();
      assert.ok(rows.length > 0);
      const missed = rows
        .filter((row) => !isMet(row))
        .map(({ name, value, goal }) => `${name}: ${value}, goal ${goal}`);
      assert.deepEqual(missed, []);
      assert.ok(rows.every(({ value }) => Number.isFinite(value)));
      const reachable = rows.filter(({ wanted, bound = 0 }) => wanted !== undefined && bound <= wanted);
      assert.deepEqual(reachable, [], "a goal that is in reach is a goal");
    });
  }
});

test("docs/performance.md has the current figures: npm run bench -- --document writes them", async () => {
  assert.equal(readDocument(), await documentNow());
});

test("docs/update.svg shows the current update: npm run bench -- --document draws it", () => {
  assert.equal(readPicture(), pictureNow());
});
