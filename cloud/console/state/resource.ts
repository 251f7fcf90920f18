import { useEffect, useRef, useState } from "preact/hooks";
import { type Change, subscribe } from "../api/live.js";
import { ApiError } from "../api/request.js";
import { Throttle } from "../api/throttle.js";
import { noticeError } from "./session.js";

export interface Resource<T> {
  /** Absent until it was loaded; the last good one stays while it is loaded anew, or cannot be, also for new inputs. */
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  reload(): void;
}

/** Least milliseconds between two loads of the same thing. */
const INTERVAL_MS = 500;

/**
 * Loads something and keeps it current.
 *
 * @param load is called anew when one of `inputs` changes
 * @param concerns whether a change that the cloud reports may have changed it
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
  concerns: (change: Change) => boolean = () => false,
): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, "reload">>({
    value: undefined,
    error: undefined,
    isLoading: true,
  });
  const reload = useRef<() => void>(() => {});
  const latest = useRef({ load, concerns });
  latest.current = { load, concerns };
  useEffect(() => {
    const ended = new AbortController();
    let loads = 0;
    /** The latest load that was answered. */
    let answered = 0;
    const begin = async (): Promise<void> => {
      const own = ++loads;
      try {
        const value = await latest.current.load(ended.signal);
        // A later load may have been answered first. An earlier one is better than none: changes may come quicker.
        if (ended.signal.aborted || own < answered) return;
        answered = own;
        setState({ value, error: undefined, isLoading: false });
      } catch (error) {
        if (ended.signal.aborted || own < answered) return;
        answered = own;
        noticeError(error);
        setState(({ value }) => ({ value, error: asApiError(error), isLoading: false }));
      }
    };
    const throttle = new Throttle({ action: () => void begin(), intervalMs: INTERVAL_MS });
    setState(({ value }) => ({ value, error: undefined, isLoading: true }));
    throttle.ask();
    reload.current = () => throttle.ask();
    const unsubscribe = subscribe((change) => {
      if (change.kind === "reconnected" || latest.current.concerns(change)) throttle.ask();
    });
    return () => {
      ended.abort();
      throttle.close();
      unsubscribe();
    };
  }, inputs);
  return { ...state, reload: () => reload.current() };
}

/** @returns the error as the page shows it; a defect of the page itself too */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    status: 0,
    code: "page-failed",
    detail: error instanceof Error ? error.message : String(error),
  });
}
