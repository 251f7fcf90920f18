export interface Limits {
  readonly timeoutMs: number;
  /** Ends the work before its time. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives a work a signal that ends it after its time, or with another signal. A timer holds it: what `AbortSignal.any`
 * is made of is held by nobody (Node 20), so that a time-out which memory was collected under never comes.
 */
export async function within<Result>(
  { timeoutMs, signal }: Limits,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`no end within ${timeoutMs} ms`, "TimeoutError"));
  }, timeoutMs);
  const end = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
