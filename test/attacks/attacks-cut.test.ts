import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "../fault/chips.js";
import { cutEverywhere } from "./cuts.js";
import { ATTACKS } from "./table.js";

/**
 * Each third operation, others in the next attack, each in one way. `npm run test:attack -- --cuts` cuts all of them in
 * every way.
 */
const EVERY = 3;

describe("with a power cut at any operation an attack is refused as without one", () => {
  for (const [index, attack] of ATTACKS.entries()) {
    test(attack.name, () => {
      const { runs, findings } = cutEverywhere({
        attack,
        makeChip: CHIPS.small,
        modes: 1,
        every: EVERY,
        from: index % EVERY,
      });
      assert.ok(runs >= 3, `${runs} runs`);
      assert.deepEqual(findings, []);
    });
  }
});
