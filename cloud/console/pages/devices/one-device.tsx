import { texts } from "../../state/language.js";
import { Radios, TextField } from "../../view/field.js";
import type { FormFault, NewDevicesForm, Proof } from "./new-devices-form.js";

const PROOFS: readonly Proof[] = ["made", "given", "certificate"];

/** Name, note and credentials of one device. */
export function OneDevice(props: {
  readonly form: NewDevicesForm;
  wrong(name: FormFault): string | undefined;
  onChange(changes: Partial<NewDevicesForm>): void;
}) {
  const { form, wrong, onChange } = props;
  const { devices: words, common } = texts.value;
  return (
    <>
      <TextField
        label={common.name}
        help={words.nameHelp}
        error={wrong("deviceName")}
        value={form.deviceName}
        placeholder="light_01"
        maxLength={48}
        onValue={(deviceName) => onChange({ deviceName: deviceName.trim() })}
      />
      <Radios
        legend={words.proof}
        value={form.proof}
        choices={PROOFS.map((value) => ({ value, label: words.proofs[value] }))}
        onValue={(proof) => onChange({ proof: proof as Proof })}
      />
      {form.proof === "given" ? (
        <TextField
          label={words.secret}
          help={words.secretHelp}
          error={wrong("secret")}
          value={form.secret}
          type="password"
          onValue={(secret) => onChange({ secret })}
        />
      ) : null}
      <TextField label={words.note} value={form.note} maxLength={256} onValue={(note) => onChange({ note })} />
    </>
  );
}
