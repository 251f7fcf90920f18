import { parentPort, workerData } from "node:worker_threads";
import { explore } from "./closure.js";
import { type Scene, SCENES } from "./scenes.js";

/** One scene, in a thread of its own. */
export interface Task {
  readonly scene: string;
  readonly faultEvery: number;
  readonly maxTransitions: number;
}

const { scene, ...limits } = workerData as Task;
const figures = explore({
  ...limits,
  scene: SCENES.find(({ name }) => name === scene) as Scene,
  onProgress: () => parentPort?.postMessage("progress"),
});
parentPort?.postMessage(figures);
