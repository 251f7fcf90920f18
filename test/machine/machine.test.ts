import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { transition } from "../../src/update/machine/transition.js";
import { restore, restoreStaged } from "../../src/update/machine/restore.js";
import type { Context, Effect, Event, State, Step } from "../../src/update/machine/types.js";
import { ROOT } from "../support/root.js";
import { machineDocument } from "./document.js";
import { EVENT_TYPES, STATE_NAMES } from "./moves.js";
import { BOOTS, CHECKPOINTS, CONTEXTS, EVENTS, STATES } from "./representatives.js";

const EFFECTS: { readonly [Do in Effect["do"]]: true } = {
  store: true,
  log: true,
  clear: true,
  forget: true,
  download: true,
  "stop-download": true,
  verify: true,
  "stop-verify": true,
  ask: true,
  withdraw: true,
  apply: true,
  prove: true,
  confirm: true,
  revert: true,
  restart: true,
  "report-version": true,
  "report-downloading": true,
  "report-burning": true,
  "report-result": true,
  "start-timer": true,
  "stop-timer": true,
};

describe("every event in every state", () => {
  for (const name of STATE_NAMES) {
    for (const type of EVENT_TYPES) {
      test(`${name}: ${type}`, () => {
        for (const context of CONTEXTS) {
          for (const state of STATES[name]) {
            for (const event of EVENTS[type]) checkPure([state, event, context]);
          }
        }
      });
    }
  }
});

test("every checkpoint at every kind of boot leads to a state, and is not changed", () => {
  for (const checkpoint of CHECKPOINTS) {
    for (const boot of BOOTS) {
      const before = structuredClone([checkpoint, boot] as const);
      deepFreeze(checkpoint);
      deepFreeze(boot);
      checkStep(restore(checkpoint, boot));
      assert.deepEqual([checkpoint, boot], before);
    }
    for (const owns of [false, true]) {
      for (const runningVersion of ["1.0", "2.0", undefined]) {
        const before = structuredClone(checkpoint);
        checkStep(restoreStaged(checkpoint, { area: "ota_1", owns, runningVersion }));
        assert.deepEqual(checkpoint, before);
      }
    }
  }
});

test("docs/machine.md is what the code does", () => {
  assert.equal(readFileSync(join(ROOT, "docs/machine.md"), "utf8"), machineDocument(), "run: npm run docs:machine");
});

function checkPure(inputs: readonly [State, Event, Context]): void {
  const before = structuredClone(inputs);
  inputs.forEach(deepFreeze);
  const step = transition(...inputs);
  checkStep(step);
  assert.deepEqual(inputs, before, "the inputs are changed");
  assert.deepEqual(transition(...before), step, "the same inputs give another step");
}

function checkStep(step: Step): void {
  assert.deepEqual(Object.keys(step).sort(), ["effects", "state"]);
  assert.ok(STATE_NAMES.includes(step.state.name), `no such state: ${step.state.name}`);
  for (const effect of step.effects) assert.ok(EFFECTS[effect.do], `no such effect: ${effect.do}`);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
}
