import { fromRow, toRow } from "../../../../cloud/fleet/task-row.js";
import { IN_FLIGHT_STATES, OPEN_STATES, type TaskStateName } from "../../../../cloud/fleet/task-types.js";
import {
  type Command,
  type Machines,
  type Outcome,
  reasonFor,
  type Scene,
  startOf,
  Transaction,
  type World,
} from "./closure-world.js";
import { componentsOf } from "./strong-components.js";

export interface Violation {
  readonly what: string;
  /** Commands from the start: `replay` does them again. */
  readonly path: readonly Command[];
}

export interface Closure {
  readonly states: number;
  readonly transitions: number;
  readonly violations: readonly Violation[];
}

const VIOLATION_LIMIT = 5;

/** Every world that any order of commands, reports, losses, restarts and time can bring about, to the fixpoint. */
export function explore(scene: Scene, machines: Machines): Closure {
  const start = startOf(scene);
  const worlds: World[] = [start];
  const ids = new Map([[keyOf(start), 0]]);
  const cameBy: { from: number; command: Command | undefined }[] = [{ from: -1, command: undefined }];
  const violations: Violation[] = [];
  const loops: { from: number; to: number; what: string }[] = [];
  /** Moves that no operator makes and no person wishes: they must come to an end. */
  const ownEdges: [number, number][] = [];
  let transitions = 0;
  const pathTo = (id: number): Command[] => {
    const { from, command } = cameBy[id] ?? { from: -1, command: undefined };
    return command === undefined ? [] : [...pathTo(from), command];
  };
  const alarm = (what: string, id: number, command?: Command): void => {
    violations.push({ what, path: [...pathTo(id), ...(command === undefined ? [] : [command])] });
  };
  for (let id = 0; id < worlds.length && violations.length < VIOLATION_LIMIT; id++) {
    const world = worlds[id] as World;
    for (const command of commandsIn(scene, world)) {
      transitions++;
      const outcome = new Transaction(scene, world, machines).run(command);
      if (outcome.isSame && outcome.deeds.length === 0) continue;
      for (const what of faultsOf(scene, world, outcome)) alarm(what, id, command);
      const key = keyOf(outcome.world);
      let next = ids.get(key);
      if (next === undefined) {
        next = worlds.length;
        ids.set(key, next);
        worlds.push(restarted(outcome.world));
        if (keyOf(worlds[next] as World) !== key) alarm("a restart of the cloud loses something", id, command);
        cameBy.push({ from: id, command });
      }
      if (isWished(command)) continue;
      ownEdges.push([id, next]);
      const costly = outcome.deeds.find(({ does }) => does !== "offer-again");
      if (costly !== undefined) loops.push({ from: id, to: next, what: `task ${costly.task}: ${costly.does}` });
    }
  }
  if (violations.length > 0) return { states: worlds.length, transitions, violations };
  const component = componentsOf(worlds.length, ownEdges);
  for (const { from, to, what } of loops) {
    if (component[from] === component[to]) alarm(`for ever, to and fro: ${what}`, from);
    if (violations.length >= VIOLATION_LIMIT) break;
  }
  for (const id of stuck(scene, machines, worlds, ids)) {
    if (violations.length < VIOLATION_LIMIT) alarm("no way to an end, if the device is silent from now on", id);
  }
  return { states: worlds.length, transitions, violations };
}

export function replay(scene: Scene, machines: Machines, path: readonly Command[]): World {
  return path.reduce((world, command) => new Transaction(scene, world, machines).run(command).world, startOf(scene));
}

/** Everything that can happen now. Loss is that it does not happen. */
export function commandsIn(scene: Scene, world: World): Command[] {
  const commands: Command[] = [];
  for (const [task, { name }] of world.tasks.entries()) {
    for (const event of REPORTS) commands.push({ task, event });
    if ("deadlineMs" in (world.tasks[task] ?? {})) commands.push({ task, event: { type: "deadline-passed" } });
    if (name === "waiting" && reasonFor(scene, world, task) === undefined) {
      commands.push({ task, event: { type: "turn-came" } });
    }
    if (name === "offered") commands.push({ task, event: { type: "offer-failed" } });
    for (const event of DECISIONS) commands.push({ task, event });
  }
  for (const { device, component, target } of scene.tasks) {
    for (const [version, previous] of [
      [target, "1.0"],
      ["1.0", "1.0"],
      ["9.9", "1.0"],
    ] as const) {
      commands.push({ device, component, version, previous });
    }
  }
  for (const plan of scene.plans.keys()) {
    for (const event of PLAN_COMMANDS) commands.push({ plan, event });
  }
  return commands;
}

const REPORTS = [
  { type: "ask-reported" },
  { type: "decline-reported", message: "" },
  { type: "refusal-reported", code: "unsigned", message: "" },
  { type: "defer-reported", seconds: 600 },
  { type: "download-reported", percent: 0 },
  { type: "download-reported", percent: 100 },
  { type: "burn-reported" },
  { type: "restart-seen" },
  { type: "done-reported" },
  { type: "fail-reported", code: "-1", message: "" },
  { type: "fail-reported", code: "-5", message: "" },
  { type: "fail-reported", code: "-5", message: "wrong-base: another image runs" },
] as const;

const DECISIONS = [
  { type: "match-lost", reason: "denied" },
  { type: "match-lost", reason: "runs-target" },
  { type: "moved-by-hand" },
  { type: "cancel-commanded" },
  { type: "retry-commanded" },
] as const;

const PLAN_COMMANDS = [
  { type: "pause-commanded" },
  { type: "resume-commanded" },
  { type: "cancel-commanded", reason: "" },
  { type: "stop-commanded", reason: "" },
  { type: "retry-commanded" },
  { type: "package-withdrawn", packageId: "" },
] as const;

/** An operator or a person wants it: it may be wanted again and again. */
function isWished(command: Command): boolean {
  if ("plan" in command) return true;
  if ("device" in command) return false;
  return ["cancel-commanded", "retry-commanded", "defer-reported", "offer-failed"].includes(command.event.type);
}

/** What must never be, after one command. */
export function faultsOf(scene: Scene, before: World, { world, deeds }: Outcome): string[] {
  const faults: string[] = [];
  for (const { task, does, before: state } of deeds) {
    if (does === "deadline") continue;
    const plan = world.plans[scene.tasks[task]?.plan ?? -1]?.name;
    const allowed = plan === "active" || (plan === "paused" && state.name !== "waiting" && state.name !== "offered");
    if (!allowed) faults.push(`task ${task} is offered in a plan that is ${plan}`);
    if (!isFlying(world.tasks[task]?.name)) faults.push(`task ${task} is offered and is not in flight`);
  }
  for (const [task, { name }] of world.tasks.entries()) {
    const own = scene.tasks[task];
    if (before.tasks[task]?.name === "succeeded" && name !== "succeeded")
      faults.push(`task ${task} unlearns its success`);
    if (own === undefined || !isFlying(name)) continue;
    for (const [other, { name: otherName }] of world.tasks.entries()) {
      const of = scene.tasks[other];
      if (of === undefined || other === task || of.device !== own.device) continue;
      if (of.component === own.component && isFlying(otherName))
        faults.push(`tasks ${task} and ${other} are in flight`);
      if (of.plan === own.plan && of.place < own.place && isFlying(otherName)) {
        faults.push(`task ${task} is in flight together with its earlier component`);
      }
    }
  }
  for (const [plan, { name, ...state }] of world.plans.entries()) {
    const ofPlan = world.tasks.filter((_, task) => scene.tasks[task]?.plan === plan);
    if (name === "finished" && ofPlan.some((each) => OPEN_STATES.includes(each.name))) {
      faults.push(`plan ${plan} is finished and has open tasks`);
    }
    if (name === "cancelled" && ofPlan.some((each) => each.name === "waiting" || each.name === "offered")) {
      faults.push(`plan ${plan} is cancelled and has tasks that have not begun`);
    }
    const wasStopped = before.plans[plan]?.name === "halted";
    if (name === "halted" && "reason" in state && state.reason === "stopped" && !wasStopped) {
      if (ofPlan.some((each) => OPEN_STATES.includes(each.name))) faults.push(`plan ${plan} is stopped, its tasks not`);
    }
  }
  return faults;
}

function isFlying(name: TaskStateName | undefined): boolean {
  return (IN_FLIGHT_STATES as readonly (string | undefined)[]).includes(name);
}

/**
 * Worlds from which time alone does not end every task: deadlines pass and turns come, an operator resumes what is
 * paused or halted, and cancels a plan whose package was withdrawn.
 */
function stuck(scene: Scene, machines: Machines, worlds: readonly World[], ids: ReadonlyMap<string, number>): number[] {
  const good = new Uint8Array(worlds.length);
  const bad: number[] = [];
  for (let id = 0; id < worlds.length; id++) {
    const way: number[] = [];
    let at: number | undefined = id;
    while (at !== undefined && good[at] === 0 && !way.includes(at)) {
      const world = worlds[at] as World;
      way.push(at);
      if (world.plans.every(({ name }) => name === "finished" || name === "cancelled") && !hasOpen(world)) good[at] = 1;
      else at = quietly(scene, machines, world, ids);
    }
    if (at === undefined || good[at] !== 1) bad.push(id);
    else for (const passed of way) good[passed] = 1;
  }
  return bad;
}

export function hasOpen({ tasks }: World): boolean {
  return tasks.some(({ name }) => OPEN_STATES.includes(name));
}

function quietly(scene: Scene, machines: Machines, world: World, ids: ReadonlyMap<string, number>): number | undefined {
  for (const command of quietCommands(scene, world)) {
    const next = ids.get(keyOf(new Transaction(scene, world, machines).run(command).world));
    if (next !== undefined && next !== ids.get(keyOf(world))) return next;
  }
  return undefined;
}

/** What time and a patient operator do, if no device reports anything any more. */
export function* quietCommands(scene: Scene, world: World): Generator<Command> {
  for (const [task, state] of world.tasks.entries()) {
    if ("deadlineMs" in state) yield { task, event: { type: "deadline-passed" } };
  }
  for (const [task, { name }] of world.tasks.entries()) {
    if (name === "waiting" && reasonFor(scene, world, task) === undefined) yield { task, event: { type: "turn-came" } };
  }
  for (const [plan, state] of world.plans.entries()) {
    const isLost = state.name === "halted" && state.reason === "package-withdrawn";
    yield { plan, event: isLost ? { type: "cancel-commanded", reason: "" } : { type: "resume-commanded" } };
  }
}

/** The cloud ends and starts again: what it knows then is what its columns held. */
function restarted({ plans, tasks, refused }: World): World {
  return {
    refused,
    plans: JSON.parse(JSON.stringify(plans)) as World["plans"],
    tasks: tasks.map((state) => fromRow(JSON.parse(JSON.stringify(toRow(state))) as ReturnType<typeof toRow>)),
  };
}

/** Two worlds are the same if their columns are. */
export function keyOf({ plans, tasks, refused }: World): string {
  let key = refused.join();
  for (const plan of plans) {
    key += plan.name;
    if ("reason" in plan) key += plan.reason;
    if ("seen" in plan) key += `${plan.seen.ended},${plan.seen.bad}`;
    key += ";";
  }
  for (const task of tasks) {
    const { state, reason, attempt, percent, deadlineMs, nextTryMs } = toRow(task);
    key += `${state} ${reason} ${attempt} ${percent} ${deadlineMs} ${nextTryMs};`;
  }
  return key;
}
