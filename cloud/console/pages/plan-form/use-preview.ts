import { useEffect, useRef, useState } from "preact/hooks";
import type { PlanInput } from "../../../operator/types.js";
import type { Preview as CountedPreview } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { subscribe } from "../../api/live.js";
import type { ApiError } from "../../api/request.js";
import { Throttle } from "../../api/throttle.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";

export interface PreviewState {
  /** The last answer, which may be of an earlier input. */
  readonly value: CountedPreview | undefined;
  readonly error: ApiError | undefined;
  /** Whether `value` is the answer to the input. */
  readonly isCurrent: boolean;
}

/** Names of devices that come with the counts. */
export const FIRST_NAMES = 10;

/** A person who types has paused. */
const PAUSE_MS = 300;
/** Least milliseconds between two previews because devices have changed. */
const LIVE_INTERVAL_MS = 5000;

/**
 * Keeps a preview current while the input changes, and while the fleet does. A request whose input is outdated is
 * aborted.
 *
 * @param input undefined: it is not complete, and there is no preview
 */
export function usePreview(input: PlanInput | undefined): PreviewState {
  const [state, setState] = useState<PreviewState>({ value: undefined, error: undefined, isCurrent: false });
  const [fleet, setFleet] = useState(0);
  const text = input === undefined ? undefined : JSON.stringify(input);
  const asked = useRef<string | undefined>(undefined);
  useEffect(() => {
    const throttle = new Throttle({ action: () => setFleet((count) => count + 1), intervalMs: LIVE_INTERVAL_MS });
    const unsubscribe = subscribe(({ kind }) => {
      if (kind === "presence" || kind === "package" || kind === "reconnected") throttle.ask();
    });
    return () => {
      unsubscribe();
      throttle.close();
    };
  }, []);
  useEffect(() => {
    if (text === undefined) {
      asked.current = undefined;
      setState({ value: undefined, error: undefined, isCurrent: false });
      return;
    }
    const outdated = new AbortController();
    // The same input again is because of the fleet: what is shown stays good until the answer is there.
    if (asked.current !== text) setState((shown) => ({ ...shown, isCurrent: false }));
    asked.current = text;
    const load = async (): Promise<void> => {
      try {
        const value = await plans.previewOf(JSON.parse(text), { limit: FIRST_NAMES }, outdated.signal);
        if (!outdated.signal.aborted) setState({ value, error: undefined, isCurrent: true });
      } catch (error) {
        if (outdated.signal.aborted) return;
        noticeError(error);
        setState({ value: undefined, error: asApiError(error), isCurrent: true });
      }
    };
    const timer = setTimeout(() => void load(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      outdated.abort();
    };
  }, [text, fleet]);
  return state;
}
