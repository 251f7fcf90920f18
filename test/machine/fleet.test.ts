import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PACKAGE_STATES } from "../../cloud/fleet/package-types.js";
import { PLAN_STATES } from "../../cloud/fleet/plan-types.js";
import { TASK_STATES } from "../../cloud/fleet/task-types.js";
import { ROOT } from "../support/root.js";
import { fleetDocument } from "./fleet-document.js";
import { type FleetMove, type FleetStep, type Machine, MACHINES } from "./fleet-moves.js";

const NAMES: { readonly [machine: string]: readonly string[] } = {
  package: PACKAGE_STATES,
  plan: PLAN_STATES,
  task: TASK_STATES,
};

for (const machine of MACHINES) {
  describe(`the machine of a ${machine.name}`, () => {
    test("is driven with each state that it has", () => {
      assert.deepEqual([...machine.states].sort(), [...(NAMES[machine.name] ?? [])].sort());
    });

    for (const state of machine.states) {
      for (const type of machine.events) {
        test(`${state}: ${type}`, () => {
          const moves = machine.moves.filter((move) => move.from === state && move.type === type);
          assert.ok(moves.length > 0, "no value stands for it");
          for (const move of moves) checkPure(machine, move);
        });
      }
    }
  });
}

test("docs/fleet.md is what the code does", () => {
  const page = readFileSync(join(ROOT, "docs/fleet.md"), "utf8");
  assert.equal(page, fleetDocument(page), "run: npm run docs:machine");
});

/** Every pair is answered, by a state of the machine, without a change to what was given. */
function checkPure(machine: Machine, move: FleetMove): void {
  const label = `${move.which}, ${move.how}, ${move.contextName}`;
  const given = [move.state, move.event, move.context];
  const before = structuredClone(given);
  given.forEach(deepFreeze);
  const step = move.run();
  assert.deepEqual(given, before, `${label}: the inputs are changed`);
  assert.deepEqual(move.run(), step, `${label}: the same inputs give another step`);
  assert.ok(machine.states.includes(step.state.name), `${label}: no such state: ${step.state.name}`);
  assert.deepEqual(JSON.parse(JSON.stringify(step)), step, `${label}: the step does not survive JSON`);
  checkAnswer(move, step, label);
}

/** A step that was not taken changes nothing, and says why. Only what an operator commands is refused. */
function checkAnswer({ state, type }: FleetMove, { state: next, effects, answer }: FleetStep, label: string): void {
  if (answer.kind === "taken") {
    assert.ok(effects.length > 0 || next !== state, `${label}: taken for nothing`);
    return;
  }
  assert.equal(next, state, `${label}: ${answer.kind}, and yet it moves`);
  assert.deepEqual(effects, [], `${label}: ${answer.kind}, and yet it acts`);
  assert.ok((answer.because ?? "") !== "", `${label}: no reason`);
  if (answer.kind === "refused") assert.match(type, /-commanded$/, `${label}: nobody is there to be refused`);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
}
