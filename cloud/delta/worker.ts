import { parentPort, workerData } from "node:worker_threads";
import { encodePackage, type PackageRequest } from "./package-file.js";

/** A thread of its own: it makes one package, and says how far it is as a whole number of percent. */
let percent = 0;
const bytes = encodePackage(workerData as PackageRequest, (done, of) => {
  const now = Math.floor((100 * done) / of);
  if (now === percent) return;
  percent = now;
  parentPort?.postMessage(percent);
});
parentPort?.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
