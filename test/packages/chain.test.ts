import assert from "node:assert/strict";
import { test } from "node:test";
import { REPEAT, SEED } from "../support/seed.js";
import { chain, VERSIONS } from "./chain.js";

/** `npm run test:packages` runs more of them. */
const CHAINS = 6;

test(`through ten versions by deltas, with cuts and a hostile server: to the last one, or a sound one with the reason; ${REPEAT}`, (t) => {
  let deltas = 0;
  for (let run = 0; run < CHAINS; run++) {
    const found = chain(SEED + run);
    assert.deepEqual(found.violations, [], `repeat it: npm run test:packages -- --chain ${SEED + run}`);
    assert.ok(found.version === VERSIONS.at(-1) || found.reason !== undefined);
    deltas += found.deltas;
    t.diagnostic(
      `${found.deltas} deltas, ${found.whole} whole images, ${found.boots} boots: ${found.version}${found.reason === undefined ? "" : `, ${found.reason}`}`,
    );
  }
  assert.ok(deltas > 0);
});
