import { cut, cutModesOf } from "./cuts.js";
import { type Refusal, runToEnd } from "./run.js";
import type { Scene } from "./scenes.js";
import { type CutMode, type Operation, perform } from "./tears.js";
import { changeSlot, cloneWorld, keyOf, type Slot, type World } from "./world.js";

/** A cut, or a fault that nobody notices at once, at one operation of a run. */
export interface Step {
  readonly operation: number;
  readonly mode: CutMode | FaultMode;
  /** A refusal in the same run, before this step. */
  readonly refusal?: Refusal | undefined;
}

/** The operation does nothing, or one bit of what it programs is wrong; the power stays on. */
export type FaultMode = "noop" | "flip";

export interface Violation {
  readonly id: string;
  readonly what: string;
}

export interface Figures {
  states: number;
  transitions: number;
  /** Count of runs with a fault that nobody notices at once. */
  faults: number;
  /** Every state was reached that there is. */
  complete: boolean;
  readonly violations: Violation[];
}

interface Node {
  readonly world: World;
  readonly path: string;
}

export interface ClosureOptions {
  readonly scene: Scene;
  /** The search stops after so many transitions. */
  readonly maxTransitions: number;
  /** Inject a fault at each operation of every nth state; 0: none. */
  readonly faultEvery: number;
  onProgress?(figures: Figures): void;
}

const VIOLATION_LIMIT = 20;

/**
 * Every state of the board and the cloud that power cuts can bring about, breadth first to the fixpoint: from each
 * state the agent runs to its end, and a cut inside each operation on the way, in each mode, is a transition to a
 * state.
 */
export function explore({ scene, maxTransitions, faultEvery, onProgress }: ClosureOptions): Figures {
  const figures: Figures = { states: 0, transitions: 0, faults: 0, complete: false, violations: [] };
  /** Runs on from a world, with a cut inside each operation that comes after the refusal. */
  const expand = ({ world, path }: Node, refusal?: Refusal): Operation[] => {
    const operations: Operation[] = [];
    const way = refusal === undefined ? `${path}/` : `${path}/${refusal.operation}.${refusal.mode}`;
    const broken = runToEnd({
      scene,
      world: cloneWorld(world),
      refusal,
      onOperation(operation, index, now) {
        operations.push(operation);
        if (index <= (refusal?.operation ?? -1)) return false;
        for (const mode of cutModesOf(scene, operation)) {
          figures.transitions++;
          const next = cloneWorld(now);
          cut(scene, next, operation, mode);
          const key = keyOf(next);
          if (seen.has(key)) continue;
          seen.add(key);
          queue.push({ world: next, path: `${way}${refusal === undefined ? "" : "+"}${index}.${mode}` });
        }
        return false;
      },
    });
    report(figures, scene, refusal === undefined ? path : way, broken);
    return operations;
  };
  const start = scene.start();
  const seen = new Set([keyOf(start)]);
  const queue: Node[] = [{ world: start, path: "" }];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] as Node;
    delete queue[head];
    figures.states++;
    const operations = expand(node);
    if (scene.fills === true && node.world.room === "free") {
      for (const refusal of refusalsOf(operations)) expand(node, refusal);
    }
    if (faultEvery > 0 && head % faultEvery === 0) injectFaults(figures, scene, node, operations);
    if (head % 200 === 0) onProgress?.(figures);
    if (figures.violations.length >= VIOLATION_LIMIT || figures.transitions >= maxTransitions) return figures;
  }
  figures.complete = true;
  return figures;
}

/** The key-value store is full at each write of a record, for that write or from then on. */
function refusalsOf(operations: readonly Operation[]): Refusal[] {
  return operations.flatMap((each, operation) =>
    each.kind === "record" && each.bytes !== undefined
      ? (["refused", "full"] as const).map((mode) => ({ operation, mode }))
      : [],
  );
}

function injectFaults(figures: Figures, scene: Scene, { world, path }: Node, operations: readonly Operation[]): void {
  for (const [index, operation] of operations.entries()) {
    for (const mode of faultsOf(scene, operation)) {
      figures.faults++;
      const step: Step = { operation: index, mode };
      report(
        figures,
        scene,
        `${path}/${index}.${mode}`,
        runToEnd({ scene, world: cloneWorld(world), faulty: true, onOperation: fault(step) }),
      );
    }
  }
}

/** Faults in the records of gateways and plans lose nothing: the agent asks again, or hands over the image again. */
function faultsOf({ subs, plans }: Scene, { kind }: Operation): readonly FaultMode[] {
  if (kind === "program") return ["noop", "flip"];
  if (kind === "moment" || (kind === "record" && (subs !== undefined || plans !== undefined))) return [];
  return ["noop"];
}

function report(figures: Figures, scene: Scene, path: string, broken: readonly string[]): void {
  for (const what of broken) figures.violations.push({ id: `${scene.name}:${path.slice(1)}`, what });
}

/** A fault in an operation that the chip reports as done. */
export function fault(step: Step): (operation: Operation, index: number, world: World) => boolean {
  return (operation, index, world) => {
    if (index !== step.operation) return false;
    if (operation.kind === "record" || operation.kind === "entry") return true;
    if (operation.kind === "moment") return false;
    const before = world.slots[operation.slot] as Slot;
    perform(world, operation);
    const slot = changeSlot(world, operation.slot);
    if (step.mode === "noop") slot.bytes.set(before.bytes);
    else slot.bytes[operation.offset + 100] = (slot.bytes[operation.offset + 100] as number) ^ 0x10;
    return true;
  };
}
