import type { Log } from "../../hal/ports/index.js";
import { fault, type Step } from "./closure.js";
import { cut } from "./cuts.js";
import { type Refusal, runToEnd } from "./run.js";
import { type Scene, SCENES } from "./scenes.js";
import type { CutMode, Operation } from "./tears.js";
import { AREA_LABEL, cloneWorld, SLOT_LABELS, type World } from "./world.js";

/** @returns the scene and the steps that an id names, or `undefined` if it is none */
export function parseId(id: string): { scene: Scene; steps: Step[] } | undefined {
  const [name, path = ""] = id.split(":");
  const scene = SCENES.find((each) => each.name === name);
  const steps = path
    .split("/")
    .filter((part) => part !== "")
    .map(parseStep);
  if (scene === undefined || steps.includes(undefined)) return undefined;
  return { scene, steps: steps as Step[] };
}

/** `3.late`; after a refusal in the same run `1.full+3.late`; at the end of an id `1.full` alone. */
function parseStep(text: string): Step | undefined {
  const match = /^(?:([0-9]+)\.(refused|full))?(\+)?(?:([0-9]+)\.([a-z]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, at, refusedAs, plus, operation, mode] = match;
  if ((plus === undefined) !== (at === undefined || operation === undefined)) return undefined;
  const refusal = at === undefined ? undefined : { operation: Number(at), mode: refusedAs as Refusal["mode"] };
  return {
    operation: operation === undefined ? Infinity : Number(operation),
    mode: (mode ?? "after") as Step["mode"],
    refusal,
  };
}

/**
 * Repeats one run of the closure, and prints each operation and each line of log. @returns what went wrong in its
 * last run
 */
export function replay(scene: Scene, steps: readonly Step[], tell: (line: string) => void): readonly string[] {
  let world = scene.start();
  for (const step of steps) {
    const faulty = step.mode === "noop" || step.mode === "flip";
    let left: World | undefined;
    const { refusal } = step;
    const full = refusal === undefined ? "" : `, no room at operation ${refusal.operation}: ${refusal.mode}`;
    tell(
      `--- power on${full}${step.operation === Infinity ? "" : `, ${faulty ? "fault" : "cut"} at operation ${step.operation}: ${step.mode}`}`,
    );
    const broken = runToEnd({
      scene,
      world: cloneWorld(world),
      faulty,
      refusal,
      ...telling(tell, () => left === undefined),
      onOperation(operation, index, now) {
        if (left === undefined) tell(`${String(index).padStart(4)} ${describe(operation)}`);
        if (faulty) return fault(step)(operation, index, now);
        if (index !== step.operation || left !== undefined) return false;
        left = cloneWorld(now);
        cut(scene, left, operation, step.mode as CutMode);
        return false;
      },
    });
    if (faulty || step.operation === Infinity) return broken;
    if (left === undefined) throw new Error(`the run has no operation ${step.operation}`);
    world = left;
  }
  tell("--- power on, to the end");
  return runToEnd({
    scene,
    world,
    ...telling(tell, () => true),
    onOperation(operation, index) {
      tell(`${String(index).padStart(4)} ${describe(operation)}`);
      return false;
    },
  });
}

function telling(
  tell: (line: string) => void,
  on: () => boolean,
): { log: Log; onBoot: (slot: number, version: string) => void } {
  return {
    log: (level, area, message) => {
      if (on()) tell(`     ${level} ${area} ${message()}`);
    },
    onBoot: (slot, version) => {
      if (on()) tell(`     boots ${SLOT_LABELS[slot]}, version ${version}`);
    },
  };
}

function describe(operation: Operation): string {
  switch (operation.kind) {
    case "program":
      return `program ${labelOf(operation.slot)} ${operation.offset}, ${operation.bytes.byteLength} bytes`;
    case "erase":
      return `erase ${labelOf(operation.slot)} ${operation.offset}, ${operation.byteLength} bytes`;
    case "moment":
      return "a result or its acknowledgement is lost, or a sub-device or component took bytes";
    case "record":
      return operation.bytes === undefined
        ? `delete ${operation.key}`
        : `store ${operation.key}, ${operation.bytes.byteLength} bytes`;
    case "entry":
      return `otadata ${operation.index}: ${operation.entry === undefined ? "erased" : `${operation.entry.sequence} ${operation.entry.state}`}`;
  }
}

function labelOf(slot: number): string {
  return SLOT_LABELS[slot] ?? AREA_LABEL;
}
