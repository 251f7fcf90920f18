import { useState } from "preact/hooks";
import { products } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import type { ProductChange, ProductView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { asApiError } from "../../state/resource.js";
import { mayAdminister, noticeError } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { CopyButton } from "../../view/copy.js";
import { Facts, Id } from "../../view/facts.js";
import { SelectField, TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";

interface Form {
  readonly name: string;
  readonly chip: string;
  readonly timeZone: string;
  readonly registration: ProductView["registration"];
  readonly deviceLimit: string;
}

/** A product: its name, chip and zone, and which of its devices may register themselves. */
export function ProductSettings(props: { readonly product: ProductView; onChanged(): void }) {
  const { product, onChanged } = props;
  const { settings: words, common } = texts.value;
  const [form, setForm] = useState<Form>();
  const [secret, setSecret] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const change = async (fields: Omit<ProductChange, "productId">): Promise<void> => {
    const { productSecret } = await products.set({ productId: product.productId, ...fields });
    setSecret(productSecret);
    onChanged();
  };
  const save = async (event: Event, { deviceLimit, ...fields }: Form): Promise<void> => {
    event.preventDefault();
    try {
      await change({
        name: fields.name.trim(),
        registration: fields.registration,
        ...(fields.chip === "" ? {} : { chip: fields.chip }),
        ...(fields.timeZone === "" ? {} : { timeZone: fields.timeZone }),
        ...(fields.registration === "any" && deviceLimit !== "" ? { deviceLimit: Number(deviceLimit) } : {}),
      });
      setForm(undefined);
      setError(undefined);
      showNotice(common.saved);
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  return (
    <div class="panel">
      <h3>
        {product.name === "" ? product.productId : product.name} <Id text={product.productId} />
      </h3>
      {form === undefined ? (
        <>
          <Facts
            items={[
              [common.devices(product.devices), words.registrationOf[product.registration]],
              [words.chip, product.chip ?? words.anyChip],
              [words.timeZone, product.timeZone ?? common.none],
              [words.deviceLimit, product.deviceLimit ?? common.none],
            ]}
          />
          {secret === undefined ? null : (
            <p>
              {words.secret} <code>{secret}</code> <CopyButton text={secret} />
            </p>
          )}
          {mayAdminister.value ? (
            <div class="head-actions">
              <Button onPress={() => setForm(formOf(product))}>{words.change}</Button>
              {secret === undefined ? <Button onPress={() => change({})}>{words.showSecret}</Button> : null}
            </div>
          ) : null}
        </>
      ) : (
        <form class="form" onSubmit={(event) => void save(event, form)}>
          <TextField
            label={common.name}
            value={form.name}
            maxLength={64}
            onValue={(name) => setForm({ ...form, name })}
          />
          <TextField
            label={words.chip}
            help={words.chipHelp}
            placeholder="esp32s3"
            value={form.chip}
            onValue={(chip) => setForm({ ...form, chip })}
          />
          <SelectField
            label={words.timeZone}
            value={form.timeZone}
            choices={["", ...Intl.supportedValuesOf("timeZone")].map((value) => ({ value, label: value }))}
            onValue={(timeZone) => setForm({ ...form, timeZone })}
          />
          <SelectField
            label={words.registration}
            help={words.registrationHelp}
            value={form.registration}
            choices={(["off", "listed", "any"] as const).map((value) => ({
              value,
              label: words.registrationOf[value],
            }))}
            onValue={(value) => setForm({ ...form, registration: value as Form["registration"] })}
          />
          {form.registration === "any" ? (
            <TextField
              label={words.deviceLimit}
              type="number"
              value={form.deviceLimit}
              onValue={(deviceLimit) => setForm({ ...form, deviceLimit })}
            />
          ) : null}
          {error === undefined ? null : (
            <p class="field-error" role="alert">
              <ProblemText error={error} />
            </p>
          )}
          <div class="dialog-actions">
            <Button onPress={() => setForm(undefined)}>{common.cancel}</Button>
            <Button kind="primary" type="submit">
              {common.save}
            </Button>
          </div>
        </form>
      )}
    </div>
  );
}

function formOf({ name, chip = "", timeZone = "", registration, deviceLimit }: ProductView): Form {
  return { name, chip, timeZone, registration, deviceLimit: deviceLimit === undefined ? "" : String(deviceLimit) };
}
