import { texts } from "../../state/language.js";
import { Empty } from "../../view/empty.js";
import { SelectField, TextField } from "../../view/field.js";
import { Link } from "../../view/link.js";
import { unverifiedOf } from "./activation.js";
import { PackageRows } from "./package-rows.js";
import { LONGEST_OVERRIDE } from "./problems.js";
import { withProduct } from "./proposals.js";
import type { StepProps } from "./step-props.js";
import { LONGEST_NAME, nameOf } from "./to-plan-input.js";
import { ownTimeZone } from "./zones.js";

export function StepWhat(props: StepProps) {
  const { form, reference, change, errorOf } = props;
  const { common, planForm } = texts.value;
  const { products, packages } = reference;
  const choose = (productId: string): void => {
    const known = (id: string) => products.find((each) => each.productId === id) ?? { productId: id };
    change(withProduct(form, { before: known(form.product), chosen: known(productId), ownZone: ownTimeZone() }));
  };
  const isKnown = products.some(({ productId }) => productId === form.product);
  const unverified = unverifiedOf(form, packages ?? []);
  return (
    <>
      <SelectField
        label={common.product}
        value={form.product}
        error={errorOf("product")}
        choices={[
          ...(form.product === "" ? [{ value: "", label: planForm.chooseProduct }] : []),
          ...(form.product === "" || isKnown ? [] : [{ value: form.product, label: form.product }]),
          ...products.map(({ productId, name }) => ({
            value: productId,
            label: name === "" || name === productId ? productId : `${name} (${productId})`,
          })),
        ]}
        onValue={choose}
      />
      {form.product === "" ? null : packages?.length === 0 ? (
        <Empty
          text={planForm.noPackages}
          command={`ota-cloud firmware add FILE --product ${form.product} --version VERSION`}
        >
          <Link to="/packages" class="button">
            {planForm.toPackages}
          </Link>
        </Empty>
      ) : (
        <PackageRows {...props} />
      )}
      {unverified.length === 0 && form.override === "" ? null : (
        <TextField
          label={planForm.override}
          lines={2}
          value={form.override}
          error={errorOf("override")}
          help={
            unverified.length === 0
              ? planForm.characters(form.override.length, LONGEST_OVERRIDE)
              : planForm.overrideHelp(unverified.map(({ component, version }) => `${component} ${version}`).join(", "))
          }
          onValue={(override) => change({ override })}
        />
      )}
      <TextField
        label={common.name}
        value={nameOf(form)}
        error={errorOf("name")}
        help={form.name === null ? planForm.nameHelp : planForm.characters(form.name.length, LONGEST_NAME)}
        onValue={(name) => change({ name })}
      />
    </>
  );
}
