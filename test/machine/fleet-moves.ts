import { transition as packageTransition } from "../../cloud/fleet/package-machine.js";
import { transition as planTransition } from "../../cloud/fleet/plan-machine.js";
import { transition as taskTransition } from "../../cloud/fleet/task-machine.js";
import {
  PACKAGE_EVENTS,
  PACKAGE_STATES,
  PLAN_CONTEXTS,
  PLAN_EVENTS,
  PLAN_STATES,
  TASK_CONTEXTS,
  TASK_EVENTS,
  TASK_STATES,
} from "./fleet-representatives.js";

export interface FleetState {
  readonly name: string;
}

export interface FleetStep {
  readonly state: FleetState;
  readonly effects: readonly { readonly do: string; readonly event?: string; readonly what?: string }[];
  readonly answer: { readonly kind: string; readonly because?: string };
}

/** One event in one state: the values, what they stand for, and a call that does it. */
export interface FleetMove {
  readonly from: string;
  readonly state: FleetState;
  /** Which of the states of this name. */
  readonly which: string;
  readonly type: string;
  readonly event: object;
  /** Which of the events of this type. */
  readonly how: string;
  readonly context: object | undefined;
  readonly contextName: string;
  run(): FleetStep;
}

type Labelled = { readonly [label: string]: object };
type Table = { readonly [name: string]: Labelled };

export interface Machine {
  readonly name: string;
  readonly states: readonly string[];
  readonly events: readonly string[];
  readonly moves: readonly FleetMove[];
}

export const MACHINES: readonly Machine[] = [
  machineOf("package", PACKAGE_STATES, PACKAGE_EVENTS, { "": {} }, packageTransition),
  machineOf("plan", PLAN_STATES, PLAN_EVENTS, PLAN_CONTEXTS, planTransition),
  machineOf("task", TASK_STATES, TASK_EVENTS, TASK_CONTEXTS, taskTransition),
];

function machineOf(
  name: string,
  states: Table,
  events: Table,
  contexts: Labelled,
  transition: (state: never, event: never, context: never) => FleetStep,
): Machine {
  const moves = each(states).flatMap(([from, which, state]) =>
    each(events).flatMap(([type, how, event]) =>
      Object.entries(contexts).map(
        ([contextName, context]): FleetMove => ({
          from,
          state: state as FleetState,
          which,
          type,
          event,
          how,
          context,
          contextName,
          run: () => transition(state as never, event as never, context as never),
        }),
      ),
    ),
  );
  return { name, states: Object.keys(states), events: Object.keys(events), moves };
}

function each(table: Table): [name: string, label: string, value: object][] {
  return Object.entries(table).flatMap(([name, values]) =>
    Object.entries(values).map(([label, value]): [string, string, object] => [name, label, value]),
  );
}
