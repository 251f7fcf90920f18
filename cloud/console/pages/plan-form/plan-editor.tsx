import { useState } from "preact/hooks";
import { type FieldError, ApiError } from "../../api/request.js";
import { plans } from "../../api/cloud.js";
import { problemWords } from "./problem-words.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { navigate, query, setQuery } from "../../state/router.js";
import { Button } from "../../view/button.js";
import { ActivateDialog } from "./activate-dialog.js";
import { errorsOf } from "./errors.js";
import type { PlanFormState } from "./plan-form-state.js";
import { Preview } from "./preview.js";
import { previewProblemsOf, problemsOf } from "./problems.js";
import { StepEnd } from "./step-end.js";
import { StepIf } from "./step-if.js";
import { StepList } from "./step-list.js";
import { StepPace } from "./step-pace.js";
import type { FormReference, StepProps } from "./step-props.js";
import { isStep, STEPS, type Step, stepOf } from "./steps.js";
import { StepWhat } from "./step-what.js";
import { StepWhen } from "./step-when.js";
import { StepWhom } from "./step-whom.js";
import { toPlanInput, toPreviewInput } from "./to-plan-input.js";
import type { DraftState } from "./use-draft.js";
import { usePreview } from "./use-preview.js";
import { useReference } from "./use-reference.js";
import { WrongFields } from "./wrong-fields.js";

const BODIES: { readonly [step in Exclude<Step, "end">]: (props: StepProps) => preact.JSX.Element } = {
  what: StepWhat,
  whom: StepWhom,
  when: StepWhen,
  pace: StepPace,
  if: StepIf,
};

/** The form in its steps, with the preview beside it. */
export function PlanEditor({ draft, products }: { readonly draft: DraftState } & Pick<FormReference, "products">) {
  const { common, planForm } = texts.value;
  const { form, savedId } = draft;
  const asked = query.value.get("step");
  const step = isStep(asked) ? asked : "what";
  const [left, setLeft] = useState<ReadonlySet<Step>>(new Set(draft.isRestored ? STEPS : []));
  const [refused, setRefused] = useState<readonly FieldError[]>([]);
  const [isActivating, setActivating] = useState(false);

  const missing = previewProblemsOf(form);
  const input = toPreviewInput(form);
  const preview = usePreview(missing.length === 0 ? input : undefined);
  const reference = useReference({ product: form.product, products, matches: preview.value?.counts.matches });

  const problems = problemsOf(form);
  const errors = errorsOf(problems, refused, (problem) => problemWords(planForm, problem));
  // A mistake is shown when its step was left once: nobody has made one in a field that is not reached yet.
  const shown = errors.filter((each) => left.has(each.step) || refused.some(({ field }) => field === each.field));
  const done = STEPS.filter((each) => each !== "end" && left.has(each) && !errors.some((error) => error.step === each));

  const go = (next: Step): void => {
    setLeft(new Set([...left, step, ...(next === "end" ? STEPS : [])]));
    setQuery({ step: next });
    scrollTo(0, 0);
  };
  const change = (patch: Partial<PlanFormState>): void => {
    draft.set({ ...draftOf(draft), form: { ...form, ...patch } });
    setRefused(refused.filter(({ field }) => ![step, "end"].includes(stepOf(field))));
  };
  /** @returns the plan's id */
  const save = async (): Promise<number> => {
    try {
      const body = toPlanInput(form);
      const { id } = await (savedId === undefined ? plans.create(body) : plans.edit(savedId, body));
      setRefused([]);
      draft.set({ form, savedId: id });
      return id;
    } catch (error) {
      if (error instanceof ApiError && error.errors.length > 0) {
        setRefused(error.errors);
        setLeft(new Set(STEPS));
      }
      throw error;
    }
  };
  const leave = (id: number, notice: string): void => {
    draft.forget();
    showNotice(notice);
    navigate(`/plans/${id}`);
  };

  const props: StepProps = {
    form,
    reference,
    change,
    errorOf: (field) => shown.find((each) => each.field === field || each.field.startsWith(entryOf(field)))?.text,
  };
  const index = STEPS.indexOf(step);
  const Body = step === "end" ? undefined : BODIES[step];
  return (
    <>
      {draft.isRestored ? (
        <p class="plan-form-restored" role="status">
          {planForm.restored}{" "}
          <Button kind="plain" onPress={draft.forget}>
            {planForm.startOver}
          </Button>
        </p>
      ) : null}
      <StepList current={step} wrong={new Set(shown.map((each) => each.step))} done={new Set(done)} onStep={go} />
      <div class="with-preview">
        <section class="form" aria-label={planForm.steps[step]}>
          <p class="quiet plan-form-step-help">{planForm.stepHelp[step]}</p>
          {Body === undefined ? (
            <StepEnd
              {...props}
              errors={errors}
              isSound={problems.length === 0}
              onStep={go}
              onSave={async () => leave(await save(), planForm.savedDraft)}
              onActivate={() => setActivating(true)}
            />
          ) : (
            <Body {...props} />
          )}
          <div class="plan-form-actions">
            {index === 0 ? null : <Button onPress={() => go(STEPS[index - 1] ?? step)}>{common.back}</Button>}
            {step === "end" ? null : (
              <Button kind="primary" onPress={() => go(STEPS[index + 1] ?? step)}>
                {common.next}
              </Button>
            )}
          </div>
        </section>
        <aside class="panel" aria-label={planForm.preview}>
          <h2>{planForm.preview}</h2>
          {missing.length === 0 ? (
            <Preview input={input} state={preview} />
          ) : (
            <WrongFields
              title={planForm.previewMissing}
              errors={errorsOf(missing, [], (problem) => problemWords(planForm, problem))}
              onStep={go}
            />
          )}
        </aside>
      </div>
      {isActivating ? (
        <ActivateDialog
          form={form}
          matches={reference.matches ?? 0}
          onActivate={async () => {
            const id = await save();
            await plans.act(id, "activate");
            leave(id, planForm.savedAndActivated);
          }}
          onClose={() => setActivating(false)}
        />
      ) : null}
    </>
  );
}

function draftOf({ form, savedId }: DraftState): Pick<DraftState, "form" | "savedId"> {
  return savedId === undefined ? { form } : { form, savedId };
}

/** Lists whose entries have no field of their own: what is wrong with an entry is shown at the list. */
const LISTS: readonly string[] = ["from", "devices", "allow", "deny"];

/** @returns what the field of an entry begins with */
function entryOf(field: string): string {
  return LISTS.includes(field) ? `${field}[` : "\0";
}
