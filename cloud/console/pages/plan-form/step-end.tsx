import { texts } from "../../state/language.js";
import { Button } from "../../view/button.js";
import { saveFile } from "../../view/copy.js";
import { activationProblemsOf } from "./activation.js";
import type { FormError } from "./errors.js";
import type { StepProps } from "./step-props.js";
import type { Step } from "./steps.js";
import { summaryOf } from "./summary.js";
import { toPlanInput } from "./to-plan-input.js";
import { WrongFields } from "./wrong-fields.js";

/** The plan in words, and what is to be done with it. */
export function StepEnd(
  props: StepProps & {
    /** What is wrong, by the form itself and by the cloud. */
    readonly errors: readonly FormError[];
    /** Whether the form itself finds nothing wrong: what the cloud has refused can be tried again. */
    readonly isSound: boolean;
    onStep(step: Step): void;
    onSave(): Promise<void>;
    onActivate(): void;
  },
) {
  const { form, reference, errors, isSound, onStep, onSave, onActivate } = props;
  const { common, planForm } = texts.value;
  const problems = !isSound ? [] : activationProblemsOf(form, reference.packages ?? [], reference.matches);
  return (
    <>
      {errors.length === 0 ? null : <WrongFields title={planForm.wrongFirst} errors={errors} onStep={onStep} />}
      <section class="plan-form-summary" aria-label={planForm.summary}>
        <dl>
          {summaryOf(form).map(([step, sentences]) => (
            <div key={step}>
              <dt>{step}</dt>
              {sentences
                .filter((sentence) => sentence.trim() !== "")
                .map((sentence) => (
                  <dd key={sentence}>{sentence}</dd>
                ))}
            </div>
          ))}
        </dl>
      </section>
      {problems.length === 0 ? null : (
        <div class="plan-form-rejected">
          <p>{planForm.notActivated}</p>
          <ul>
            {problems.map((problem) => (
              <li key={problem}>{planForm.activation[problem]}</li>
            ))}
          </ul>
        </div>
      )}
      <div class="plan-form-actions">
        <Button
          kind="primary"
          disabled={!isSound || problems.length > 0 || reference.matches === undefined}
          onPress={onActivate}
        >
          {planForm.saveAndActivate}
        </Button>
        <Button disabled={!isSound} onPress={onSave}>
          {planForm.savePlan}
        </Button>
      </div>
      {!isSound ? null : (
        <p class="quiet">
          {common.orTerminal} <code>ota-cloud plan create --file plan.json</code>{" "}
          <Button
            kind="plain"
            onPress={() => saveFile("plan.json", `${JSON.stringify(toPlanInput(form), undefined, 2)}\n`)}
          >
            {planForm.planFile}
          </Button>
        </p>
      )}
    </>
  );
}
