import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { SelectField, TextField } from "../../view/field.js";
import type { Setting } from "./fault-kinds.js";

/** One setting of a fault. */
export function SettingField(props: {
  readonly name: string;
  readonly setting: Setting;
  readonly value: string;
  readonly isWrong: boolean;
  onValue(value: string): void;
}) {
  const { name, setting, value, isWrong, onValue } = props;
  const { faults: words } = texts.value;
  const word = wordOf(words.setting, name);
  const label = setting.isOptional === true ? words.optional(word) : word;
  const help = Object.hasOwn(words.settingHelp, name) ? wordOf(words.settingHelp, name) : undefined;
  if (setting.kind === "choice") {
    const any = { value: "", label: name === "at" ? words.atOnce : words.anyType };
    const choices = setting.choices
      .filter((choice) => choice !== "now")
      .map((choice) => ({ value: choice, label: wordOf(words.choice, choice) }));
    return <SelectField label={label} help={help} value={value} choices={[any, ...choices]} onValue={onValue} />;
  }
  return (
    <TextField
      label={label}
      help={help}
      error={isWrong ? (setting.kind === "number" ? limitsOf(setting) : words.wrongHeaders) : undefined}
      value={value}
      type={setting.kind === "number" ? "number" : "text"}
      {...(setting.kind === "number" ? {} : { lines: 3 })}
      onValue={onValue}
    />
  );
}

/** @returns what a number may be */
export function limitsOf(setting: Setting): string {
  const { faults: words } = texts.value;
  if (setting.kind !== "number") return "";
  const least = wholeNumber(setting.least, locale.value);
  return setting.most === Number.MAX_SAFE_INTEGER
    ? words.atLeast(least)
    : words.between(least, wholeNumber(setting.most, locale.value));
}
