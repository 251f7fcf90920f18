import { useState } from "preact/hooks";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { Radios, TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";
import { type AddedDevices, addDevices } from "./add-devices.js";
import { NamesField } from "./names-field.js";
import { EMPTY_FORM, type FormFault, faultOf, faultsOf, namesOfCount, planOf, type Way } from "./new-devices-form.js";
import { OneDevice } from "./one-device.js";
import { ProductField } from "./product-field.js";

const WAYS: readonly Way[] = ["one", "count", "file"];

/** The form for one device, for a count of them, or for a file of names. */
export function NewDevicesFormView({ onAdded }: { onAdded(added: AddedDevices): void }) {
  const { devices: words } = texts.value;
  const [form, setForm] = useState({ ...EMPTY_FORM, productId: product.value });
  const [wasTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [progress, setProgress] = useState(0);
  const [error, setError] = useState<ApiError>();
  const change = (changes: Partial<typeof form>): void => setForm((old) => ({ ...old, ...changes }));
  const faults = faultsOf(form);
  const refused = new Map((error?.errors ?? []).map((each) => [faultOf(each), each.message]));
  const wrong = (name: FormFault): string | undefined =>
    wasTried && faults.includes(name) ? words.wrong[name] : refused.get(name);
  const hasPlace = [...refused.keys()].some((name) => name !== undefined);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setTried(true);
    if (faults.length > 0) return;
    setBusy(true);
    setProgress(0);
    setError(undefined);
    try {
      onAdded(await addDevices(planOf(form), setProgress));
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const [first, last] = namesOfCount(form);
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <ProductField form={form} error={wrong("productId")} onChange={change} />
      <Radios
        legend={words.way}
        value={form.way}
        choices={WAYS.map((value) => ({ value, label: words.ways[value] }))}
        onValue={(way) => change({ way: way as Way })}
      />
      {form.way === "one" ? <OneDevice form={form} wrong={wrong} onChange={change} /> : null}
      {form.way === "count" ? (
        <div class="field-row">
          <TextField
            label={words.prefix}
            help={words.prefixHelp(first, last)}
            error={wrong("prefix")}
            value={form.prefix}
            placeholder="light-"
            maxLength={40}
            onValue={(prefix) => change({ prefix })}
          />
          <TextField
            label={words.count}
            error={wrong("count")}
            value={form.count}
            type="number"
            onValue={(count) => change({ count })}
          />
        </div>
      ) : null}
      {form.way === "file" ? <NamesField error={wrong("names")} onNames={(names) => change({ names })} /> : null}
      {error === undefined || hasPlace ? null : (
        <p class="field-error" role="alert">
          <ProblemText error={error} />
        </p>
      )}
      {isBusy && form.way === "file" ? (
        <p role="status">
          <progress max={form.names.length} value={progress} aria-label={words.adding} />{" "}
          {words.addedSoFar(progress, form.names.length)}
        </p>
      ) : null}
      <div class="form-actions">
        <button type="submit" class="button primary" aria-busy={isBusy}>
          {words.addAction}
        </button>
      </div>
    </form>
  );
}
