import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/request.js";
import { texts } from "../state/language.js";
import { asApiError } from "../state/resource.js";
import { noticeError } from "../state/session.js";
import { ProblemText } from "./problem.js";

/** A dialog above the page. Escape closes it, and the keyboard stays inside. */
export function Dialog(props: { readonly title: string; onClose(): void; readonly children: ComponentChildren }) {
  const { title, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    // An open dialog that is taken away does not give the focus back by itself, and as long as it is there nothing else
    // can have it.
    return () =>
      queueMicrotask(() => {
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
      });
  }, []);
  // The event `close` is a task of its own: a key that is pressed before it would still find this dialog, closed.
  const cancel = (event: Event): void => {
    if (event.target !== dialog.current) return;
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={titleId} onCancel={cancel} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

/**
 * Asks once before something that is hard to take back.
 *
 * @param name if it is given, it must be typed
 */
export function Confirm(props: {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action: string;
  readonly kind?: "primary" | "danger";
  readonly name?: string;
  /** Whether what the dialog asks for is there. Default: yes. */
  readonly isReady?: boolean;
  onConfirm(): Promise<void>;
  onClose(): void;
}) {
  const { title, children, action, kind = "danger", name, isReady = true, onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const field = useId();
  const { common } = texts.value;
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void confirm(event)}>
        <div class="dialog-text">{children}</div>
        {name === undefined ? null : (
          <div class="field">
            <label for={field}>{common.typeName(name)}</label>
            <input id={field} value={typed} autocomplete="off" onInput={(e) => setTyped(e.currentTarget.value)} />
          </div>
        )}
        {error === undefined ? null : (
          <p class="field-error" role="alert">
            <ProblemText error={error} />
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {common.cancel}
          </button>
          <button
            type="submit"
            class={`button ${kind}`}
            disabled={!isReady || (name !== undefined && typed !== name)}
            aria-busy={isBusy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
