import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "./chips.js";
import { judge } from "./judge.js";
import { OWN_NAMES, packedBehaviours } from "./packed-table.js";
import { run } from "./run.js";
import { HTTP_RANGES, HTTP_STATUSES } from "./http-answers.js";
import { HTTP_TRANSFER } from "./http-transfer.js";

const SEED = 1;
/** A compressed image is long, and meets nothing else in the rest: `npm run test:fault -- --packed compressed`. */
const FOR_COMPRESSED = new Set([
  ...OWN_NAMES,
  ...[...HTTP_TRANSFER, ...HTTP_STATUSES, ...HTTP_RANGES].map(({ name }) => name),
]);

for (const packing of ["delta", "compressed"] as const) {
  describe(`with a file that is a package (${packing}) all behaviours end as they must`, () => {
    for (const behaviour of packedBehaviours(packing)) {
      if (packing === "compressed" && !FOR_COMPRESSED.has(behaviour.name)) continue;
      test(behaviour.name, () => {
        const record = run({ scenario: behaviour, makeChip: CHIPS.sim, seed: SEED });
        assert.deepEqual(judge(record, behaviour.ends), [], record.words.join(", "));
      });
    }
  });
}
