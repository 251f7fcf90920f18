import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "./chips.js";
import { type EngineName, ENGINES } from "./engines.js";
import { judge } from "./judge.js";
import { run, type RunRecord } from "./run.js";
import type { Behaviour } from "./scenario.js";
import { HTTP_BEHAVIOURS, MQTT_BEHAVIOURS } from "./table.js";

const SEED = 1;

/** `npm run test:fault -- --engine xs` runs the sim chip too. */
describe("on the XS engine each behaviour ends as it must, and as on Node: every request, report and boot at its millisecond", () => {
  for (const behaviour of [...HTTP_BEHAVIOURS, ...MQTT_BEHAVIOURS]) {
    test(behaviour.name, () => {
      const onXs = runOn("xs", behaviour);
      assert.deepEqual(judge(onXs, behaviour.ends), [], onXs.words.join(", "));
      assert.deepEqual(onXs, runOn("node", behaviour));
    });
  }
});

function runOn(engine: EngineName, scenario: Behaviour): RunRecord {
  return run({ scenario, makeChip: CHIPS.small, seed: SEED, engine: ENGINES[engine] });
}
