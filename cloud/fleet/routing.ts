import { IN_FLIGHT_STATES, OPEN_STATES, type TaskStateName } from "./task-types.js";

/** A task of a device, as far as it matters for whom a report is. */
export interface Addressee {
  readonly taskId: string;
  readonly component: string;
  readonly targetVersion: string;
  readonly state: TaskStateName;
  /** Greater for a later task. */
  readonly order: number;
}

/**
 * The task that a report of progress is about. The wire names the target version only: neither the plan nor the
 * component. What is in flight comes first, then what waits, then the latest that ended.
 *
 * @param tasks of one device, of all plans
 * @returns `undefined` if the report is about none of them
 */
export function taskOfProgress(tasks: readonly Addressee[], targetVersion: string): Addressee | undefined {
  return inTurn(tasks.filter((task) => task.targetVersion === targetVersion && task.state !== "superseded"))[0];
}

/**
 * The tasks that a reported version matters to, in the order in which the event is dispatched: each open task of the
 * component; if none of them has this target, the latest ended one that has it. A success of one of them makes
 * `byPlan` true for those after it.
 *
 * @param tasks of one device, of all plans
 */
export function tasksOfVersion(tasks: readonly Addressee[], component: string, version: string): Addressee[] {
  const concerned = inTurn(tasks.filter((task) => task.component === component));
  const open = concerned.filter(({ state }) => OPEN_STATES.includes(state));
  // The one with this target first: the others then learn that a plan has changed the version.
  open.sort((left, right) => Number(right.targetVersion === version) - Number(left.targetVersion === version));
  if (open.some(({ targetVersion }) => targetVersion === version)) return open;
  const late = concerned.find(
    ({ state, targetVersion }) => targetVersion === version && state !== "superseded" && !OPEN_STATES.includes(state),
  );
  return late === undefined ? open : [late, ...open];
}

function inTurn(tasks: readonly Addressee[]): Addressee[] {
  const rank = ({ state }: Addressee): number =>
    (IN_FLIGHT_STATES as readonly TaskStateName[]).includes(state) ? 0 : OPEN_STATES.includes(state) ? 1 : 2;
  return [...tasks].sort((left, right) => rank(left) - rank(right) || right.order - left.order);
}
