import type { TaskContext, TaskEvent, TaskState, TaskStep } from "../../../../cloud/fleet/task-types.js";
import { MACHINES, type Machines } from "./closure-world.js";

type Twist = (state: TaskState, event: TaskEvent, context: TaskContext) => TaskStep | undefined;

/** A bug of the kind that real fleets suffered from, and what the alarm says of it. */
export interface Planted {
  readonly what: string;
  /** Name of the scene that finds it. */
  readonly scene: string;
  readonly alarm: RegExp;
  readonly machines: Machines;
}

export const PLANTED: readonly Planted[] = [
  {
    what: "a deferral in a cancelled plan waits",
    scene: "one device",
    alarm: /cancelled and has tasks that have not begun/,
    machines: twisted((state, event, context) =>
      event.type === "defer-reported" && context.plan === "cancelled"
        ? MACHINES.task(state, event, { ...context, plan: "active" })
        : undefined,
    ),
  },
  {
    what: "a version report brings an offer whatever the plan's state is",
    scene: "one device",
    alarm: /offered in a plan that is (paused|halted|cancelled)/,
    machines: twisted((state, event, context) =>
      event.type === "version-reported" ? MACHINES.task(state, event, { ...context, plan: "active" }) : undefined,
    ),
  },
  {
    what: "each report of a download moves the deadline",
    scene: "one device",
    alarm: /for ever, to and fro: task 0: deadline/,
    machines: twisted((state, event, context) =>
      event.type === "download-reported" && state.name === "downloading"
        ? MACHINES.task({ ...state, percent: -1 }, event, context)
        : undefined,
    ),
  },
  {
    what: "tries are not counted",
    scene: "one device",
    alarm: /for ever, to and fro: task 0: (try|deadline)/,
    machines: twisted((state, event, context) =>
      event.type === "turn-came" ? MACHINES.task({ ...state, attempt: 0 }, event, context) : undefined,
    ),
  },
  {
    what: "a late failure takes a success back",
    scene: "one device",
    alarm: /unlearns its success/,
    machines: twisted((state, event, context) =>
      event.type === "fail-reported" && state.name === "succeeded"
        ? MACHINES.task(
            { name: "trial", attempt: state.attempt, deadlineMs: context.nowMs, seen: "done" },
            event,
            context,
          )
        : undefined,
    ),
  },
  {
    what: "a device on trial has no deadline",
    scene: "one device",
    alarm: /no way to an end/,
    machines: twisted((state, event) =>
      event.type === "deadline-passed" && state.name === "trial"
        ? { state, effects: [], answer: { kind: "ignored", because: "not-changed" } }
        : undefined,
    ),
  },
  {
    what: "a report revives a task while another plan's is in flight",
    scene: "a second plan that waits",
    alarm: /tasks [01] and [01] are in flight/,
    machines: twisted((state, event, context) =>
      event.type === "turn-came" ? undefined : MACHINES.task(state, event, { ...context, otherInFlight: false }),
    ),
  },
  {
    what: "the refusal of a delta is forgotten",
    scene: "one device that is offered a delta",
    alarm: /for ever, to and fro: task 0: (try|deadline)/,
    machines: twisted((state, event, context) => {
      const { effects, ...step } = MACHINES.task(state, event, context);
      return { ...step, effects: effects.filter((effect) => effect.do !== "give-up-variants") };
    }),
  },
  {
    what: "whoever resumes a halted plan has not seen why it halted",
    scene: "two devices, one at a time, with a halt",
    alarm: /no way to an end/,
    machines: {
      ...MACHINES,
      plan: (state, event, context) => {
        const step = MACHINES.plan(state, event, context);
        return "seen" in step.state ? { ...step, state: { ...step.state, seen: { ended: 0, bad: 0 } } } : step;
      },
    },
  },
];

function twisted(twist: Twist): Machines {
  return {
    ...MACHINES,
    task: (state, event, context) => twist(state, event, context) ?? MACHINES.task(state, event, context),
  };
}
