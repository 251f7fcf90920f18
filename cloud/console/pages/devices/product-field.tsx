import { products } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { mayAdminister } from "../../state/session.js";
import { SelectField, TextField } from "../../view/field.js";
import type { NewDevicesForm } from "./new-devices-form.js";

/** The product of new devices: one that there is or, for an admin, a new one. */
export function ProductField(props: {
  readonly form: NewDevicesForm;
  readonly error: string | undefined;
  onChange(changes: Partial<NewDevicesForm>): void;
}) {
  const { form, error, onChange } = props;
  const { devices: words, common } = texts.value;
  const { value: list } = useResource(products.list, []);
  const none = { value: "", label: mayAdminister.value ? words.newProduct : words.chooseProduct };
  const known = (list ?? []).map(({ productId, name }) => ({
    value: productId,
    label: name === "" ? productId : `${name} (${productId})`,
  }));
  const isNew = form.productId === "" && mayAdminister.value;
  return (
    <>
      <SelectField
        label={common.product}
        error={isNew ? undefined : error}
        value={form.productId}
        choices={[none, ...known]}
        onValue={(productId) => onChange({ productId })}
      />
      {isNew ? (
        <div class="field-row">
          <TextField
            label={words.productId}
            help={words.productIdHelp}
            error={error}
            value={form.newProductId}
            placeholder="ABCDE12345"
            maxLength={10}
            onValue={(newProductId) => onChange({ newProductId: newProductId.toUpperCase() })}
          />
          <TextField
            label={words.productName}
            value={form.newProductName}
            maxLength={100}
            onValue={(newProductName) => onChange({ newProductName })}
          />
        </div>
      ) : null}
    </>
  );
}
