import { useId, useState } from "preact/hooks";
import type { DeviceView } from "../../../operator/types.js";
import { devices } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { Field, TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";
import { changeOf, faultsOfChange } from "./device-change.js";

/** Most characters of a note. */
const NOTE_LENGTH = 256;

/** The form of what an operator can change about a device. */
export function EditDevice({ device, onClose }: { readonly device: DeviceView; onClose(isChanged: boolean): void }) {
  const { devices: words, common } = texts.value;
  const [note, setNote] = useState(device.note);
  const [timeZone, setTimeZone] = useState(device.timeZone ?? "");
  const [language, setLanguage] = useState(device.language ?? "");
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const zones = useId();
  const [wasTried, setTried] = useState(false);
  const typed = { note, timeZone, language };
  const change = changeOf(device, typed);
  const faults = faultsOfChange(typed);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setTried(true);
    if (faults.length > 0) return;
    if (Object.keys(change).length === 0) return onClose(false);
    setBusy(true);
    try {
      await devices.change(device.productId, device.deviceName, change);
      showNotice(common.saved);
      onClose(true);
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const at = (name: "note" | "timeZone" | "language"): string | undefined =>
    wasTried && name !== "note" && faults.includes(name)
      ? words.wrongChange[name]
      : error?.errors.find(({ field }) => field === name)?.message;
  return (
    <form class="form" onSubmit={(event) => void save(event)}>
      <Field label={words.timeZone} help={words.timeZoneHelp} error={at("timeZone")}>
        {(ids) => (
          <input
            {...ids}
            list={zones}
            value={timeZone}
            maxLength={64}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setTimeZone(event.currentTarget.value)}
          />
        )}
      </Field>
      <datalist id={zones}>
        {Intl.supportedValuesOf("timeZone").map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      <TextField
        label={words.language}
        help={words.languageHelp}
        error={at("language")}
        value={language}
        maxLength={35}
        onValue={setLanguage}
      />
      <TextField
        label={words.note}
        error={at("note")}
        value={note}
        lines={2}
        maxLength={NOTE_LENGTH}
        onValue={setNote}
      />
      {error === undefined || error.errors.length > 0 ? null : (
        <p class="field-error" role="alert">
          <ProblemText error={error} />
        </p>
      )}
      <div class="form-actions">
        <button type="submit" class="button primary" aria-busy={isBusy}>
          {common.save}
        </button>
        <button type="button" class="button" onClick={() => onClose(false)}>
          {common.cancel}
        </button>
      </div>
    </form>
  );
}
