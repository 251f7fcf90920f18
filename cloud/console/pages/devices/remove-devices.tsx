import { useEffect, useRef, useState } from "preact/hooks";
import { devices as api } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { Dialog } from "../../view/dialog.js";
import { ProblemText } from "../../view/problem.js";
import { oneByOne, type Progress } from "./one-by-one.js";
import { spell } from "./paths.js";

interface Named {
  readonly productId: string;
  readonly deviceName: string;
}

/** Devices that could not be removed, of which the dialog shows the first. */
const SHOWN = 20;

/** Asks once, and then removes one device after the other: one that cannot be removed does not hold up the others. */
export function RemoveDevices(props: { readonly devices: readonly Named[]; onClose(wasAny: boolean): void }) {
  const { devices, onClose } = props;
  const { devices: words, common } = texts.value;
  const [progress, setProgress] = useState<Progress<Named>>();
  const [isRunning, setRunning] = useState(false);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const run = async (): Promise<void> => {
    setRunning(true);
    setProgress({ done: 0, undone: [], total: devices.length });
    const result = await oneByOne<Named>({
      items: devices,
      act: ({ productId, deviceName }) => api.remove(productId, deviceName),
      onProgress: setProgress,
      pause: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
      signal: stop.current.signal,
    });
    for (const { error } of result.undone) noticeError(error);
    setRunning(false);
  };
  const close = (): void => onClose((progress?.done ?? 0) > 0);
  return (
    <Dialog title={words.removeTitle(devices.length)} onClose={close}>
      {progress === undefined ? (
        <p>{words.removeHelp}</p>
      ) : (
        <>
          <progress max={progress.total} value={progress.done + progress.undone.length} aria-label={words.removing} />
          <p role="status">{words.removedOf(progress.done, progress.undone.length, progress.total)}</p>
          <ul class="undone">
            {progress.undone.slice(0, SHOWN).map(({ item, error }) => (
              <li key={spell(item)}>
                <span class="id">{spell(item)}</span> <ProblemText error={asApiError(error)} />
              </li>
            ))}
          </ul>
          {progress.undone.length > SHOWN ? <p class="quiet">{words.andMore(progress.undone.length - SHOWN)}</p> : null}
        </>
      )}
      <div class="dialog-actions">
        {progress === undefined ? (
          <>
            <button type="button" class="button" onClick={close}>
              {common.cancel}
            </button>
            <button type="button" class="button danger" onClick={() => void run()}>
              {words.removeAction(devices.length)}
            </button>
          </>
        ) : isRunning ? (
          <button type="button" class="button" onClick={() => stop.current.abort()}>
            {words.removeStop}
          </button>
        ) : (
          <button type="button" class="button primary" onClick={close}>
            {common.close}
          </button>
        )}
      </div>
    </Dialog>
  );
}
