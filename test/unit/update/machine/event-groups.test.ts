import assert from "node:assert/strict";
import { test } from "node:test";
import { ignore, stay } from "../../../../src/update/machine/moves.js";
import type {
  AcknowledgementEvent,
  ClearanceEvent,
  DownloadEvent,
  Event,
  InstallationEvent,
  RestEvent,
  State,
  Step,
  TrialEvent,
  VerificationEvent,
} from "../../../../src/update/machine/types.js";

/*
 * The compiler checks much of this file before a test runs: `@ts-expect-error` is an error
 * itself if the next line has none.
 */

type Grouped =
  | DownloadEvent
  | VerificationEvent
  | InstallationEvent
  | TrialEvent
  | AcknowledgementEvent
  | ClearanceEvent
  | RestEvent;
type Alone = "online" | "offer-received" | "store-failed" | "timer-fired";

/** Fails to compile unless both are the same. */
type Same<Left, Right> = [Left, Right] extends [Right, Left] ? true : false;

const IDLE: State = { name: "idle", kept: undefined, answered: false };

function complete(state: State, event: Event): Step {
  switch (event.type) {
    case "online":
    case "offer-received":
    case "store-failed":
      return stay(state);
    default:
      return ignore<Grouped | "timer-fired">(state, event);
  }
}

function withoutOne(state: State, event: Event): Step {
  switch (event.type) {
    case "online":
    case "offer-received":
    case "store-failed":
      return stay(state);
    default:
      // @ts-expect-error `timer-fired` is neither answered nor ignored.
      return ignore<Grouped>(state, event);
  }
}

function withoutGroup(state: State, event: Event): Step {
  switch (event.type) {
    case "online":
    case "offer-received":
    case "store-failed":
    case "timer-fired":
      return stay(state);
    default:
      // @ts-expect-error The events of a trial are neither answered nor ignored.
      return ignore<Exclude<Grouped, TrialEvent>>(state, event);
  }
}

test("every event is in a group, or is one of the four without a group", () => {
  const same: Same<Grouped | Alone, Event["type"]> = true;
  const apart: Same<Grouped & Alone, never> = true;
  assert.ok(same && apart);
});

test("a state that forgets an event, or a group, does not compile; what is ignored changes nothing", () => {
  for (const state of [complete, withoutOne, withoutGroup]) {
    assert.deepEqual(state(IDLE, { type: "verified", matches: true }), { state: IDLE, effects: [] });
  }
});
