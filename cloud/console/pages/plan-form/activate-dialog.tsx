import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { Confirm } from "../../view/dialog.js";
import type { PlanFormState } from "./plan-form-state.js";
import { stageWords } from "./stage-words.js";
import { nameOf } from "./to-plan-input.js";

/** Asks before the plan begins: how many devices it concerns now, and how many the first stage is. */
export function ActivateDialog(props: {
  readonly form: PlanFormState;
  readonly matches: number;
  onActivate(): Promise<void>;
  onClose(): void;
}) {
  const { form, matches, onActivate, onClose } = props;
  const { planForm } = texts.value;
  return (
    <Confirm
      title={planForm.confirmTitle(nameOf(form))}
      action={planForm.activate}
      kind="primary"
      onConfirm={onActivate}
      onClose={onClose}
    >
      <p>{planForm.confirmText(wholeNumber(matches, locale.value), matches === 1)}</p>
      <p>{planForm.confirmStage(stageWords(form.stages[0] ?? "100", matches, form.packages.length))}</p>
      {form.dynamic ? <p>{planForm.confirmDynamic}</p> : null}
    </Confirm>
  );
}
