import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIPS } from "../fault/chips.js";
import { judge } from "../fault/judge.js";
import { packedBehaviours } from "../fault/packed-table.js";
import { run } from "../fault/run.js";

/** Sound packages, each of which makes an image that boots; and one that is there already. */
const NAMES = [
  "another file of the same length",
  "an image for another chip",
  "an image of another version",
  "a power cut when all is there, and nobody listens when the header is asked for once more",
];

for (const behaviour of packedBehaviours("delta").filter(({ name }) => NAMES.includes(name))) {
  test(`a package ends as it must: ${behaviour.name}`, () => {
    const record = run({ scenario: behaviour, makeChip: CHIPS.sim, seed: 1 });
    assert.deepEqual(judge(record, behaviour.ends), []);
  });
}
