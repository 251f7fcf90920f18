import assert from "node:assert/strict";
import { test } from "node:test";
import { PACKAGE_STATES } from "../../../../cloud/fleet/package-types.js";
import { PLAN_STATES } from "../../../../cloud/fleet/plan-types.js";
import { TASK_STATES } from "../../../../cloud/fleet/task-types.js";
import { type FleetMove, MACHINES } from "../../../machine/fleet-moves.js";
import { PACKAGE_TABLE, PLAN_TABLE, TASK_TABLE } from "./tables.js";

interface Choice {
  readonly table: { readonly [state: string]: { readonly [next: string]: string } };
  readonly states: readonly string[];
  /** Which of several states, events and contexts of one name the table is about. */
  readonly context?: string;
  readonly which?: { readonly [state: string]: string };
  readonly how?: { readonly [event: string]: string };
}

const CHOICES: { readonly [machine: string]: Choice } = {
  package: { table: PACKAGE_TABLE, states: PACKAGE_STATES },
  plan: {
    table: PLAN_TABLE,
    states: PLAN_STATES,
    context: "fixed",
    which: { halted: "by the threshold" },
    how: { "activation-commanded": "", "results-counted": "all have ended" },
  },
  task: {
    table: TASK_TABLE,
    states: TASK_STATES,
    context: "active plan, judged by version",
    which: {
      waiting: "not delivered",
      offered: "first try, after its deadline",
      asked: "before the download",
      downloading: "50 %, after its deadline",
      burning: "last try, after its deadline",
      trial: "done, after its deadline, last try",
      succeeded: "by its version",
      cancelled: "by operator",
    },
    how: {
      "version-reported": "the target",
      "download-reported": "60 %",
      "fail-reported": "without a rule",
      "match-lost": "",
    },
  },
};

for (const { name, states, events, moves } of MACHINES) {
  const choice = CHOICES[name] as Choice;

  test(`the table of a ${name} has a row for each of its states`, () => {
    assert.deepEqual(Object.keys(choice.table).sort(), [...choice.states].sort());
    assert.deepEqual([...states].sort(), [...choice.states].sort());
  });

  for (const state of states) {
    test(`a ${name} that is ${state} does with each event what the table says`, () => {
      const row = Object.entries(choice.table[state] ?? {}).flatMap(([next, types]) =>
        types
          .trim()
          .split(/\s+/)
          .map((type): [string, string] => [type, next]),
      );
      assert.deepEqual(row.map(([type]) => type).sort(), [...events].sort());
      const chosen = moves.filter((move) => move.from === state && isChosen(choice, move));
      const does = chosen.map((move): [string, string] => [move.type, outcomeOf(move)]);
      assert.deepEqual(Object.fromEntries(does), Object.fromEntries(row));
    });
  }
}

function isChosen({ context, which, how }: Choice, move: FleetMove): boolean {
  return (
    (context ?? move.contextName) === move.contextName &&
    (which?.[move.from] ?? move.which) === move.which &&
    (how?.[move.type] ?? move.how) === move.how
  );
}

function outcomeOf(move: FleetMove): string {
  const { state, answer } = move.run();
  return answer.kind === "taken" ? state.name : answer.kind;
}
