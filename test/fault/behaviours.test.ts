import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS, type ChipName } from "./chips.js";
import { judge } from "./judge.js";
import { run } from "./run.js";
import { HTTP_BEHAVIOURS, MQTT_BEHAVIOURS } from "./table.js";

const SEED = 1;

for (const chip of ["small", "sim"] as const satisfies readonly ChipName[]) {
  for (const [kind, behaviours] of [
    ["HTTP", HTTP_BEHAVIOURS],
    ["MQTT", MQTT_BEHAVIOURS],
  ] as const) {
    describe(`${kind} behaviours end as they must on the ${chip} chip`, () => {
      for (const behaviour of behaviours.filter(({ small }) => chip === "small" || small !== true)) {
        test(behaviour.name, () => {
          const record = run({ scenario: behaviour, makeChip: CHIPS[chip], seed: SEED });
          assert.deepEqual(judge(record, behaviour.ends), [], record.words.join(", "));
        });
      }
    });
  }
}

test("the table has 40 HTTP and 15 MQTT behaviours, and no name twice", () => {
  assert.ok(HTTP_BEHAVIOURS.length >= 40 && MQTT_BEHAVIOURS.length >= 15);
  const names = [...HTTP_BEHAVIOURS, ...MQTT_BEHAVIOURS].map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test("a run is the same each time, to the millisecond", () => {
  for (const behaviour of HTTP_BEHAVIOURS.slice(0, 10)) {
    const [first, second] = [1, 2].map(() =>
      JSON.stringify(run({ scenario: behaviour, makeChip: CHIPS.small, seed: SEED }).requests),
    );
    assert.equal(first, second, behaviour.name);
  }
});

test("the judge reports what is not as it must be", () => {
  const behaviour = HTTP_BEHAVIOURS[0];
  assert.ok(behaviour !== undefined);
  const record = run({ scenario: behaviour, makeChip: CHIPS.small, seed: SEED });
  for (const ends of [
    { report: "fail -1", requests: 1 },
    { report: undefined, requests: 1 },
    { report: "done", requests: 2 },
    { report: "done", requests: 1, version: "0.3.0" },
    { report: "done", requests: 1, atLeastMs: 1e9 },
    { report: "done", requests: 1, atMostMs: 1 },
    { report: "done", requests: 1, connects: 3 },
    { report: "done", requests: 1, offsets: ["later" as const] },
    { report: "done", requests: 1, words: ["done", "burning"] },
    { report: "done", requests: 1, heard: { burning: 2 } },
    { report: "done", requests: 1, hosts: ["elsewhere.test"] },
  ]) {
    assert.equal(judge(record, ends).length > 0, true, JSON.stringify(ends));
  }
});
