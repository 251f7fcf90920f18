import type { PlanEffect } from "../fleet/plan-types.js";
import type { Plan } from "../store/schema.js";

export type ToldEvent = Extract<PlanEffect, { readonly do: "tell-tasks" }>["event"];

/** An event that the tasks of a plan are told one after the other, in the order of their ids. */
export interface Telling {
  readonly event: ToldEvent;
  /** Id of the last task that was told; 0 if none was. */
  readonly told: number;
}

/**
 * What the tasks of a plan are still to be told, in the order of the commands. It is stored together with what they
 * make of it, so that no task is told an event twice, or never, whenever the cloud ends.
 */
export function tellingsOf({ telling }: Pick<Plan, "telling">): readonly Telling[] {
  return telling === null ? [] : (JSON.parse(telling) as Telling[]);
}

/** @returns the column that `tellingsOf` reads */
export function tellingColumn(tellings: readonly Telling[]): Pick<Plan, "telling"> {
  return { telling: tellings.length === 0 ? null : JSON.stringify(tellings) };
}

/** Adds what a further command wants. A repetition of a command of which nobody knows yet adds nothing. */
export function withFurther(tellings: readonly Telling[], event: ToldEvent): readonly Telling[] {
  const last = tellings.at(-1);
  return last?.event === event && last.told === 0 ? tellings : [...tellings, { event, told: 0 }];
}

/** Whether tasks are still to learn of a stop, although the plan may have been resumed since. */
export function isStopping(plan: Pick<Plan, "telling">): boolean {
  return tellingsOf(plan).some(({ event }) => event === "plan-stopped");
}
