import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "../fault/chips.js";
import { ENGINES } from "../fault/engines.js";
import { run } from "./run.js";
import { ATTACKS } from "./table.js";

describe("on the XS engine each attack is refused as on Node, verified in BigInt", () => {
  for (const attack of ATTACKS) {
    test(attack.name, () => {
      const onXs = run({ attack, makeChip: CHIPS.small, native: false, engine: ENGINES.xs });
      assert.deepEqual(onXs.violations, []);
      assert.deepEqual(onXs, run({ attack, makeChip: CHIPS.small }));
    });
  }
});
