import type { RetryRule } from "../../../../cloud/fleet/types.js";
import type { Scene, ScenePlan, SceneTask } from "./closure-world.js";

const retry: readonly RetryRule[] = [
  { code: "-1", times: 1, afterSeconds: 60 },
  { code: "silent", times: 1, afterSeconds: 60 },
  { code: "reverted", times: 1, afterSeconds: 60 },
];

const plan = (over: Partial<ScenePlan> = {}): ScenePlan => ({
  conflict: "wait",
  pace: { maxInFlight: 10, maxAsked: 10, perMinute: 10, stages: [100] },
  halt: { percent: 100, atLeast: 10 },
  retry,
  ...over,
});

const task = (over: Partial<SceneTask> = {}): SceneTask => ({
  plan: 0,
  device: "a",
  component: "firmware",
  place: 0,
  target: "2.0",
  judgedBy: "version",
  hasVariant: false,
  ...over,
});

const mcu: Partial<SceneTask> = { component: "mcu", place: 1, target: "m2", judgedBy: "done" };

/** Small enough for the fixpoint. */
export const SCENES: readonly Scene[] = [
  { name: "one device", plans: [plan()], tasks: [task()] },
  { name: "one device that is judged by its word", plans: [plan()], tasks: [task({ judgedBy: "done" })] },
  { name: "one device that is offered a delta", plans: [plan()], tasks: [task({ hasVariant: true })] },
  { name: "two components in order", plans: [plan()], tasks: [task(), task(mcu)] },
  {
    name: "two devices, one at a time, with a halt",
    plans: [
      plan({
        pace: { maxInFlight: 1, maxAsked: 1, perMinute: 10, stages: [50, 100] },
        halt: { percent: 50, atLeast: 1 },
      }),
    ],
    tasks: [task(), task({ device: "b" })],
  },
  {
    name: "a second plan that waits",
    plans: [plan({ retry: [] }), plan({ retry: [] })],
    tasks: [task(), task({ plan: 1, target: "3.0" })],
  },
  {
    name: "a second plan that replaces",
    plans: [plan({ retry: [] }), plan({ retry: [], conflict: "replace" })],
    tasks: [task(), task({ plan: 1, target: "3.0" })],
  },
];

/** Too large for that: it is walked at random. */
export const LARGE: Scene = {
  name: "two plans, three devices, two components",
  plans: [
    plan({
      pace: { maxInFlight: 2, maxAsked: 3, perMinute: 10, stages: [34, 100] },
      halt: { percent: 50, atLeast: 3 },
    }),
    plan({ conflict: "replace" }),
  ],
  tasks: ["a", "b", "c"].flatMap((device) => [
    task({ device }),
    task({ device, ...mcu }),
    task({ device, plan: 1, target: "3.0", hasVariant: true }),
  ]),
};
