import { texts } from "../../state/language.js";
import { Check, Radios } from "../../view/field.js";
import { DeviceSearch } from "./device-search.js";
import { withNames } from "./names.js";
import { NamesField } from "./names-field.js";
import type { Scope } from "./plan-form-state.js";
import type { StepProps } from "./step-props.js";
import { VersionChoice } from "./version-choice.js";

const SCOPES: readonly Scope[] = ["all", "versions", "devices", "versions-devices"];

export function StepWhom(props: StepProps) {
  const { form, change, errorOf } = props;
  const { planForm } = texts.value;
  const { scope } = form;
  const byVersion = scope === "versions" || scope === "versions-devices";
  const byName = scope === "devices" || scope === "versions-devices";
  const whole = errorOf("") ?? errorOf("all");
  return (
    <>
      <Radios
        legend={planForm.scope}
        value={scope}
        choices={SCOPES.map((value) => ({ value, label: planForm.scopes[value] }))}
        onValue={(value) => change({ scope: value as Scope })}
      />
      {whole === undefined ? null : <p class="field-error">{whole}</p>}
      {byVersion ? <VersionChoice {...props} /> : null}
      {byName ? (
        <>
          <NamesField
            label={planForm.deviceNames}
            help={planForm.deviceNamesHelp}
            fileName="devices"
            value={form.devices}
            error={errorOf("devices")}
            onValue={(devices) => change({ devices })}
          />
          <DeviceSearch
            product={form.product}
            chosen={form.devices}
            onAdd={(name) => change({ devices: withNames(form.devices, [name]) })}
          />
        </>
      ) : null}
      <Check
        label={planForm.useAllow}
        help={planForm.useAllowHelp}
        checked={form.hasAllow}
        onValue={(hasAllow) => change({ hasAllow })}
      />
      {form.hasAllow ? (
        <NamesField
          label={planForm.allow}
          fileName="allow-list"
          value={form.allow}
          error={errorOf("allow")}
          onValue={(allow) => change({ allow })}
        />
      ) : null}
      <NamesField
        label={planForm.deny}
        help={planForm.denyHelp}
        fileName="deny-list"
        value={form.deny}
        error={errorOf("deny")}
        onValue={(deny) => change({ deny })}
      />
      <Radios
        legend={planForm.dynamic}
        value={form.dynamic ? "yes" : "no"}
        choices={[
          { value: "no", label: planForm.dynamics.no },
          { value: "yes", label: planForm.dynamics.yes, help: planForm.dynamicHelp },
        ]}
        onValue={(value) => change({ dynamic: value === "yes" })}
      />
    </>
  );
}
