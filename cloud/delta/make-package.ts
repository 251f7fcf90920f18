import { Worker } from "node:worker_threads";
import type { PackageRequest } from "./package-file.js";

/** Memory of JavaScript objects; the arrays of bytes, which lie elsewhere, follow from the lengths of the images. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 };
const MINUTE_MS = 60_000;

export interface MakeOptions {
  /** After this the thread is ended. Ten minutes if absent. */
  readonly timeoutMs?: number;
  /** Ends the thread. */
  readonly signal?: AbortSignal;
  /** Called with 1 to 100. */
  onProgress?(percent: number): void;
}

/**
 * Makes a package in a thread of its own, so that the caller goes on meanwhile.
 *
 * @throws RangeError if an image, a version or the seal does not fit into the format; Error if the thread takes too
 * long, or is ended by the signal
 */
export function makePackage(
  request: PackageRequest,
  { timeoutMs = 10 * MINUTE_MS, signal, onProgress }: MakeOptions = {},
): Promise<Uint8Array> {
  const ended = (): Error => new Error("making the package was ended");
  if (signal?.aborted === true) return Promise.reject(ended());
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("worker.js", import.meta.url), {
      workerData: request,
      resourceLimits: RESOURCE_LIMITS,
    });
    const timer = setTimeout(() => end(() => reject(new Error("making the package takes too long"))), timeoutMs);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // The exit that follows is not news.
      worker.removeAllListeners();
      void worker.terminate().then(settle);
    };
    const onAbort = (): void => end(() => reject(ended()));
    signal?.addEventListener("abort", onAbort);
    worker.on("message", (message: number | Uint8Array) => {
      if (typeof message === "number") onProgress?.(message);
      else end(() => resolve(message));
    });
    worker.once("error", (error) => end(() => reject(error)));
    worker.once("exit", () => end(() => reject(new Error("the thread that makes the package ended"))));
  });
}
