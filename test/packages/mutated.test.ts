import assert from "node:assert/strict";
import { test } from "node:test";
import { REPEAT, SEED } from "../support/seed.js";
import { mutatedRun } from "./mutated.js";

/** `npm run test:packages` makes more of them. */
const RUNS = 150;

test(`packages that were changed never become an image that boots, but the right one; ${REPEAT}`, (t) => {
  const ends = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const { mutation, end, violations } = mutatedRun(SEED + run);
    assert.deepEqual(violations, [], `${mutation}; repeat it: npm run test:packages -- --mutation ${SEED + run}`);
    const kind = /^fail -[0-9] [a-z-]+/.exec(end)?.[0] ?? end;
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
  }
  t.diagnostic([...ends].map(([end, count]) => `${count} ${end}`).join(", "));
  assert.ok([...ends.keys()].some((end) => end.startsWith("fail -5 package-malformed")));
  assert.ok([...ends.keys()].some((end) => end.startsWith("fail -4")));
});
