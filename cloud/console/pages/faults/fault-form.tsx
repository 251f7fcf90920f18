import { useState } from "preact/hooks";
import type { FaultName } from "../../../faults/fault.js";
import { faults as api } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { product } from "../../state/product.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { wordOf } from "../../text/words.js";
import { Field, TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";
import { type FaultForm as Form, faultsOfForm, firstForm, GROUPS, settingsOf, specOf, TIMES } from "./fault-kinds.js";
import { limitsOf, SettingField } from "./setting-field.js";

/** The form for a fault. On the page of a device it is for that device alone. */
export function FaultForm(props: {
  readonly device?: { readonly productId: string; readonly deviceName: string };
  onAdded(): void;
}) {
  const { device, onAdded } = props;
  const { faults: words, common } = texts.value;
  const [form, setForm] = useState<Form>(() =>
    firstForm("cut", device === undefined ? { product: product.value } : scopeOf(device)),
  );
  const [wasTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const wrong = wasTried ? faultsOfForm(form) : [];
  const choose = (fault: FaultName): void => {
    const { product: ofProduct, device: ofDevice, times } = form;
    setTried(false);
    setError(undefined);
    setForm({ ...firstForm(fault), product: ofProduct, device: ofDevice, times });
  };
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setTried(true);
    if (faultsOfForm(form).length > 0) return;
    setBusy(true);
    try {
      await api.add(specOf(form));
      setError(undefined);
      showNotice(words.added);
      onAdded();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="form fault-form panel" onSubmit={(event) => void add(event)}>
      <h2>{device === undefined ? words.addTitle : words.addTitleOfDevice}</h2>
      <Field label={words.fault} help={wordOf(words.what, form.fault)}>
        {(ids) => (
          <select {...ids} value={form.fault} onChange={(event) => choose(event.currentTarget.value as FaultName)}>
            {Object.entries(GROUPS).map(([group, names]) => (
              <optgroup key={group} label={wordOf(words.groups, group)}>
                {names.map((name) => (
                  <option key={name} value={name}>
                    {wordOf(words.kinds, name)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      {settingsOf(form.fault).map(([name, setting]) => (
        <SettingField
          key={`${form.fault} ${name}`}
          name={name}
          setting={setting}
          value={form.settings[name] ?? ""}
          isWrong={wrong.includes(name)}
          onValue={(value) => setForm({ ...form, settings: { ...form.settings, [name]: value } })}
        />
      ))}
      <div class="field-row">
        {device === undefined ? (
          <>
            <TextField
              label={common.product}
              help={words.productHelp}
              error={wrong.includes("product") ? words.deviceNeedsProduct : undefined}
              value={form.product}
              maxLength={10}
              onValue={(value) => setForm({ ...form, product: value.trim() })}
            />
            <TextField
              label={common.device}
              help={words.deviceHelp}
              error={wrong.includes("device") ? words.wrongName : undefined}
              value={form.device}
              maxLength={48}
              onValue={(value) => setForm({ ...form, device: value.trim() })}
            />
          </>
        ) : null}
        <TextField
          label={words.times}
          help={words.timesHelp}
          error={wrong.includes("times") ? limitsOf(TIMES) : undefined}
          value={form.times}
          type="number"
          onValue={(times) => setForm({ ...form, times })}
        />
      </div>
      {error === undefined ? null : (
        <p class="field-error" role="alert">
          <ProblemText error={error} />
        </p>
      )}
      <div class="form-actions">
        <button type="submit" class="button primary" aria-busy={isBusy}>
          {words.add}
        </button>
      </div>
    </form>
  );
}

function scopeOf({ productId, deviceName }: { readonly productId: string; readonly deviceName: string }) {
  return { product: productId, device: deviceName };
}
