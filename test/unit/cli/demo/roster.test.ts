import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_PRODUCT, MAX_BOARDS, MIN_BOARDS, type Roster, rosterOf } from "../../../../cli/demo/roster.js";
import { parseFaults } from "../../../../cloud/faults/parse.js";
import { REPEAT, SEED } from "../../../support/seed.js";

/** @returns how many boards there are of each kind that misbehaves */
function kindsOf({ boards, faults }: Roster): { readonly [kind: string]: number } {
  const kinds: { [kind: string]: number } = { broken: boards.filter(({ broken }) => broken).length };
  for (const { fault } of faults) {
    const kind = fault === "wrong-bytes" || fault === "status" ? "bad link" : fault;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

test("of 50 boards exactly 8 misbehave: 2 slow, 2 with a bad link, 2 dark, 1 broken, 1 with an empty battery", () => {
  const roster = rosterOf(50, SEED);
  assert.deepEqual(kindsOf(roster), { slow: 2, "bad link": 2, "power-off": 2, "low-battery": 1, broken: 1 }, REPEAT);
  assert.deepEqual(
    roster.faults.flatMap((fault) => (fault.fault === "power-off" ? [fault.at] : [])),
    ["offer", "burning"],
  );
});

test("for each count every kind is there, each board misbehaves in one way at most, and the first ones in none", () => {
  for (let count = MIN_BOARDS; count <= MAX_BOARDS; count++) {
    const roster = rosterOf(count, SEED);
    const { boards, faults } = roster;
    assert.equal(boards.length, count);
    const kinds = kindsOf(roster);
    assert.deepEqual(Object.keys(kinds).sort(), ["bad link", "broken", "low-battery", "power-off", "slow"], REPEAT);
    const bad = [
      ...faults.map(({ device }) => device),
      ...boards.flatMap(({ name, broken }) => (broken ? [name] : [])),
    ];
    assert.equal(new Set(bad).size, bad.length, `${count} boards; ${REPEAT}`);
    for (const { name, version } of boards) {
      if (bad.includes(name)) assert.equal(version, "0.1.0", `${count} boards, ${name}; ${REPEAT}`);
    }
    assert.ok(!bad.includes(boards[0]?.name) && !bad.includes(boards[1]?.name), `${count} boards; ${REPEAT}`);
    const versions = new Set(boards.map(({ version }) => version));
    assert.ok(versions.has("0.1.0") && versions.has("0.2.0"), `${count} boards; ${REPEAT}`);
    assert.deepEqual(parseFaults(faults), faults);
    assert.ok(faults.every(({ product }) => product === DEMO_PRODUCT));
  }
});

test("the seed alone determines the bench", () => {
  assert.deepEqual(rosterOf(50, SEED), rosterOf(50, SEED));
  assert.notDeepEqual(rosterOf(50, SEED).faults, rosterOf(50, SEED + 1).faults, REPEAT);
});

test("names sort as their numbers do", () => {
  for (const count of [10, 99, 100, 500]) {
    const names = rosterOf(count, SEED).boards.map(({ name }) => name);
    assert.deepEqual([...names].sort(), names);
  }
});
