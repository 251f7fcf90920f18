import { useEffect, useState } from "preact/hooks";
import type { PlanFormState } from "./plan-form-state.js";

/** What is kept of a form that was not saved yet. */
export interface Draft {
  readonly form: PlanFormState;
  /** The draft in the cloud that a save has made; the next save changes it. */
  readonly savedId?: number;
}

export interface DraftState extends Draft {
  /** Whether it is from before a reload. */
  readonly isRestored: boolean;
  set(draft: Draft): void;
  /** Forgets what was not saved. */
  forget(): void;
}

const PREFIX = "ota-console.plan-form.";

/**
 * The state of a form, which survives a reload. As long as it differs from what it began with, the browser asks before
 * the page is left.
 *
 * @param key names the form: another plan has another one
 */
export function useDraft(key: string, first: Draft): DraftState {
  const [stored] = useState(() => read(key));
  const [draft, setDraft] = useState<Draft>(() => stored ?? first);
  const [isRestored, setRestored] = useState(stored !== undefined);
  const isChanged = JSON.stringify(draft) !== JSON.stringify(first);
  useEffect(() => {
    if (!isChanged) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isChanged]);
  return {
    ...draft,
    isRestored,
    set: (next) => {
      setDraft(next);
      write(key, next);
    },
    forget: () => {
      setDraft(first);
      setRestored(false);
      write(key, undefined);
    },
  };
}

function read(key: string): Draft | undefined {
  try {
    const text = sessionStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as Draft);
  } catch {
    return undefined;
  }
}

function write(key: string, draft: Draft | undefined): void {
  try {
    if (draft === undefined) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // Longer than the browser keeps: the question before leaving remains.
  }
}
