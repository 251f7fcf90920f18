import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { asApiError } from "../state/resource.js";
import { noticeError } from "../state/session.js";
import { showError } from "../state/notices.js";

export interface ButtonProps {
  readonly kind?: "primary" | "danger" | "plain" | undefined;
  readonly disabled?: boolean;
  readonly title?: string;
  readonly label?: string;
  readonly type?: "button" | "submit";
  /** While it runs the button cannot be pressed again; an error is shown as a notice. */
  onPress?(): void | Promise<void>;
  readonly children: ComponentChildren;
}

/** While it is busy it is not disabled: that would take the focus from it. */
export function Button({ kind, disabled, title, label, type = "button", onPress, children }: ButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (onPress === undefined || isBusy) return;
    const running = onPress();
    if (!(running instanceof Promise)) return;
    setBusy(true);
    try {
      await running;
    } catch (error) {
      noticeError(error);
      showError(asApiError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type={type}
      class={`button ${kind ?? ""}`}
      disabled={disabled === true}
      title={title}
      aria-label={label}
      aria-busy={isBusy}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
