import { parentPort, workerData } from "node:worker_threads";
import { fuzz, type FuzzOptions } from "./engine.js";
import { TARGETS } from "./targets/index.js";

/** A share of the inputs, in a thread that can be ended. */
export interface Task extends Omit<FuzzOptions, "targets" | "onInput"> {
  /** Names of targets. */
  readonly targets: readonly string[];
  /** Target, index and beat: which input runs now. */
  readonly place: Int32Array;
}

const { targets, place, ...options } = workerData as Task;
const chosen = TARGETS.filter(({ name }) => targets.includes(name));
const figures = await fuzz({
  ...options,
  targets: chosen,
  onInput(target, index) {
    Atomics.store(place, 0, target);
    Atomics.store(place, 1, index);
    Atomics.add(place, 2, 1);
  },
});
parentPort?.postMessage(figures);
