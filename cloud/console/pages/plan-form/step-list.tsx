import { texts } from "../../state/language.js";
import { STEPS, type Step } from "./steps.js";

/** The steps in their order; one can go to any of them. */
export function StepList(props: {
  readonly current: Step;
  readonly wrong: ReadonlySet<Step>;
  readonly done: ReadonlySet<Step>;
  onStep(step: Step): void;
}) {
  const { current, wrong, done, onStep } = props;
  const { planForm } = texts.value;
  return (
    <nav aria-label={planForm.stepList}>
      <ol class="plan-form-steps">
        {STEPS.map((step, index) => {
          const isWrong = wrong.has(step);
          const sign = isWrong ? "✕" : done.has(step) ? "✓" : String(index + 1);
          return (
            <li key={step}>
              <button
                type="button"
                class={isWrong ? "plan-form-step plan-form-step-wrong" : "plan-form-step"}
                aria-current={step === current ? "step" : undefined}
                onClick={() => onStep(step)}
              >
                <span class="plan-form-step-sign" aria-hidden="true">
                  {sign}
                </span>
                {planForm.steps[step]}
                {isWrong ? <span class="hidden"> ({planForm.stepWrong})</span> : null}
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
