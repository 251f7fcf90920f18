import { useEffect, useState } from "preact/hooks";
import { texts } from "../state/language.js";
import { navigate } from "../state/router.js";
import { Dialog } from "./dialog.js";

const GO: { readonly [key: string]: string } = { o: "/", k: "/packages", p: "/plans", d: "/devices" };
/** The second key of a pair comes within this time. */
const PAIR_MS = 1200;

/** The keys that work on every page, and their list behind `?`. */
export function KeyHelp() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let pairUntil = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const target = GO[event.key];
      if (target !== undefined && performance.now() < pairUntil) {
        event.preventDefault();
        navigate(target);
      } else if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
      } else if (event.key === "?") setOpen(true);
      pairUntil = event.key === "g" ? performance.now() + PAIR_MS : 0;
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  if (!isOpen) return null;
  const { shell, common } = texts.value;
  return (
    <Dialog title={shell.keys} onClose={() => setOpen(false)}>
      <dl class="keys">
        {shell.keysHelp.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => setOpen(false)}>
          {common.close}
        </button>
      </div>
    </Dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, dialog") !== null;
}
