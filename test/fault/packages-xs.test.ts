import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "./chips.js";
import { type EngineName, ENGINES } from "./engines.js";
import { judge } from "./judge.js";
import { OWN_NAMES, packedBehaviours } from "./packed-table.js";
import { run, type RunRecord } from "./run.js";
import type { Behaviour } from "./scenario.js";

const SEED = 1;
/** The others: `npm run test:fault -- --engine xs --packed delta`. */
const NAMES = new Set(OWN_NAMES);

describe("on the XS engine a delta ends as it must, and as on Node: every request, report and boot at its millisecond", () => {
  for (const behaviour of packedBehaviours("delta").filter(({ name }) => NAMES.has(name))) {
    test(behaviour.name, () => {
      const onXs = runOn("xs", behaviour);
      assert.deepEqual(judge(onXs, behaviour.ends), [], onXs.words.join(", "));
      assert.deepEqual(onXs, runOn("node", behaviour));
    });
  }
});

function runOn(engine: EngineName, scenario: Behaviour): RunRecord {
  return run({ scenario, makeChip: CHIPS.sim, seed: SEED, engine: ENGINES[engine] });
}
