import { texts } from "../../state/language.js";
import { Check, Radios, SelectField } from "../../view/field.js";
import { NumberField, SizeField } from "./number-field.js";
import type { StepProps } from "./step-props.js";
import { TextFields } from "./text-fields.js";
import { clockHour, ownTimeZone, windowLength, zoneChoices } from "./zones.js";

export function StepWhen(props: StepProps) {
  const { form, reference, change, errorOf } = props;
  const { planForm } = texts.value;
  const own = ownTimeZone();
  const product = reference.products.find(({ productId }) => productId === form.product);
  const hasTexts = form.mode === "confirm" || form.texts.some(({ title, body }) => title !== "" || body !== "");
  return (
    <>
      <Check
        label={planForm.window}
        help={planForm.windowHelp}
        checked={form.hasWindow}
        onValue={(hasWindow) => change({ hasWindow })}
      />
      {form.hasWindow ? <WindowFields {...props} /> : null}
      <Radios
        legend={planForm.zone}
        value={form.zone}
        choices={[
          { value: "device", label: planForm.zones.device },
          { value: "plan", label: planForm.zones.plan },
        ]}
        onValue={(zone) => change({ zone: zone === "plan" ? "plan" : "device" })}
      />
      <SelectField
        label={planForm.timeZone}
        help={planForm.timeZoneHelp(own)}
        error={errorOf("timeZone")}
        value={form.timeZone}
        choices={zoneChoices([own, product?.timeZone ?? "", form.timeZone]).map((zone) => ({
          value: zone,
          label: zone.replaceAll("_", " "),
        }))}
        onValue={(timeZone) => change({ timeZone })}
      />
      <Radios
        legend={planForm.mode}
        value={form.mode}
        choices={[
          { value: "silent", label: planForm.modes.silent, help: planForm.modeHelp.silent },
          { value: "confirm", label: planForm.modes.confirm, help: planForm.modeHelp.confirm },
        ]}
        onValue={(mode) => change({ mode: mode === "confirm" ? "confirm" : "silent" })}
      />
      {hasTexts ? <TextFields {...props} /> : null}
      <StrategyFields {...props} />
    </>
  );
}

function WindowFields({ form, change, errorOf }: StepProps) {
  const { planForm } = texts.value;
  const error = errorOf("window");
  const from = Number(form.windowFrom);
  const to = Number(form.windowTo);
  const { hours, isNextDay } = windowLength(from, to);
  const choices = (first: number, last: number, current: string) =>
    [...new Set([current, ...Array.from({ length: last - first + 1 }, (_, index) => String(first + index))])]
      .sort((one, other) => Number(one) - Number(other))
      .map((hour) => ({ value: hour, label: clockHour(Number(hour)) }));
  return (
    <div class="field">
      <div class="field-row">
        <SelectField
          label={planForm.windowFrom}
          value={form.windowFrom}
          error={errorOf("window.from")}
          choices={choices(0, 23, form.windowFrom)}
          onValue={(windowFrom) => change({ windowFrom })}
        />
        <SelectField
          label={planForm.windowTo}
          value={form.windowTo}
          error={errorOf("window.to")}
          choices={choices(1, 24, form.windowTo)}
          onValue={(windowTo) => change({ windowTo })}
        />
      </div>
      {error === undefined ? (
        <p class="field-help" role="status">
          {planForm.windowIs(clockHour(from), clockHour(to), hours, isNextDay)}
        </p>
      ) : (
        <p class="field-error">{error}</p>
      )}
    </div>
  );
}

function StrategyFields({ form, change, errorOf }: StepProps) {
  const { planForm } = texts.value;
  return (
    <fieldset class="field">
      <legend>{planForm.strategy}</legend>
      <p class="field-help">{planForm.strategyHelp}</p>
      <div class="field-row">
        <NumberField
          label={planForm.minBattery}
          unit="%"
          value={form.minBatteryPercent}
          error={errorOf("strategy.minBatteryPercent")}
          onValue={(minBatteryPercent) => change({ minBatteryPercent })}
        />
        <NumberField
          label={planForm.minSignal}
          unit="dBm"
          value={form.minSignalDbm}
          error={errorOf("strategy.minSignalDbm")}
          onValue={(minSignalDbm) => change({ minSignalDbm })}
        />
        <SizeField
          label={planForm.space}
          value={form.space}
          error={errorOf("strategy.space")}
          onValue={(space) => change({ space })}
        />
      </div>
    </fieldset>
  );
}
