import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { TextField } from "../../view/field.js";
import type { TextEntry } from "./plan-form-state.js";
import { LONGEST_BODY, LONGEST_TITLE, REQUIRED_LANGUAGES } from "./problems.js";
import type { StepProps } from "./step-props.js";

/** What the person at the device reads: Chinese and English side by side, further languages below. */
export function TextFields({ form, change, errorOf }: StepProps) {
  const { common, planForm } = texts.value;
  const set = (index: number, patch: Partial<TextEntry>): void =>
    change({ texts: form.texts.map((each, place) => (place === index ? { ...each, ...patch } : each)) });
  return (
    <fieldset class="field">
      <legend>{planForm.texts}</legend>
      <p class="field-help">{planForm.textsHelp}</p>
      <div class="plan-form-texts">
        {form.texts.map(({ language, title, body }, index) => {
          const isRequired = REQUIRED_LANGUAGES.includes(language) && index < REQUIRED_LANGUAGES.length;
          const field = `texts.${language}`;
          return (
            <div key={index} class="plan-form-text">
              {isRequired ? (
                <h3>
                  {wordOf(planForm.languages, language)}
                  {errorOf(field) === undefined ? null : <span class="field-error"> {errorOf(field)}</span>}
                </h3>
              ) : (
                <TextField
                  label={planForm.languageCode}
                  help={planForm.languageCodeHelp}
                  value={language}
                  error={errorOf(field)}
                  onValue={(next) => set(index, { language: next.trim() })}
                />
              )}
              <TextField
                label={planForm.textTitle}
                value={title}
                help={planForm.characters(title.length, LONGEST_TITLE)}
                error={errorOf(`${field}.title`)}
                onValue={(next) => set(index, { title: next })}
              />
              <TextField
                label={planForm.textBody}
                lines={4}
                value={body}
                help={planForm.characters(body.length, LONGEST_BODY)}
                error={errorOf(`${field}.body`)}
                onValue={(next) => set(index, { body: next })}
              />
              {isRequired ? null : (
                <Button
                  kind="plain"
                  onPress={() => change({ texts: form.texts.filter((_, place) => place !== index) })}
                >
                  {common.remove}
                </Button>
              )}
            </div>
          );
        })}
      </div>
      <Button kind="plain" onPress={() => change({ texts: [...form.texts, { language: "", title: "", body: "" }] })}>
        + {planForm.addLanguage}
      </Button>
    </fieldset>
  );
}
