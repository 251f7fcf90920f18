import { ruleFor } from "../../src/errors.js";
import { transition } from "../../src/update/machine/transition.js";
import { restore } from "../../src/update/machine/restore.js";
import type { Context, Effect, Event, State, Step } from "../../src/update/machine/types.js";
import { BOOTS, CHECKPOINTS, CONTEXTS, EVENTS, offerName, STATES } from "./representatives.js";

/** One step of the machine: from what a boot finds, or by an event in a state. */
export interface Move {
  /** `undefined`: the boot. */
  readonly from: State["name"] | undefined;
  readonly type: Event["type"] | undefined;
  /** The event, with what decides about the next state. */
  readonly event: string;
  readonly step: Step;
}

export const STATE_NAMES = Object.keys(STATES) as State["name"][];
export const EVENT_TYPES = Object.keys(EVENTS) as Event["type"][];

/** Each representative event in each representative state. */
export function moves(): Move[] {
  const all: Move[] = [];
  for (const name of STATE_NAMES) {
    for (const type of EVENT_TYPES) {
      for (const context of CONTEXTS) {
        for (const state of STATES[name]) {
          for (const event of EVENTS[type]) {
            all.push({ from: name, type, event: labelOf(event, context), step: transition(state, event, context) });
          }
        }
      }
    }
  }
  return all;
}

/** Each checkpoint at each kind of boot. */
export function boots(): Move[] {
  return CHECKPOINTS.flatMap((checkpoint) =>
    BOOTS.map((boot) => ({
      from: undefined,
      type: undefined,
      event: checkpoint?.phase ?? "no checkpoint",
      step: restore(checkpoint, boot),
    })),
  );
}

/** Only the event of an applied image differs by the target. */
function labelOf(event: Event, { target }: Context): string {
  switch (event.type) {
    case "offer-received":
      return `${event.type}, ${offerName(event.offer)}`;
    case "download-failed":
      return `${event.type}, ${ruleFor(event.failure.code).remedy}`;
    case "verified":
      return `${event.type}, ${event.matches ? "matches" : "differs"}`;
    case "cleared":
      return `${event.type}, ${event.step}`;
    case "applied":
    case "apply-failed":
      return `${event.type}, ${target}`;
    case "timer-fired":
      return `${event.type}, ${event.timer}`;
    default:
      return event.type;
  }
}

/** Effects by name, in order. */
export function namesOf(effects: readonly Effect[]): string {
  return effects
    .map((effect) =>
      effect.do === "start-timer" || effect.do === "stop-timer" ? `${effect.do} ${effect.timer}` : effect.do,
    )
    .join(", ");
}
