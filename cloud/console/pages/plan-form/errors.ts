import type { FieldError } from "../../api/request.js";
import type { FormProblem } from "./problems.js";
import { STEPS, type Step, stepOf } from "./steps.js";

/** A field that is wrong, with a sentence about it. */
export interface FormError {
  readonly field: string;
  readonly step: Step;
  readonly text: string;
}

/**
 * @param problems what the form has found itself
 * @param refused what the cloud has found
 * @param wordsOf the sentence for a problem
 */
export function errorsOf(
  problems: readonly FormProblem[],
  refused: readonly FieldError[],
  wordsOf: (problem: FormProblem) => string,
): readonly FormError[] {
  return [
    ...problems.map((problem) => ({
      field: problem.field,
      step: stepOf(problem.field),
      text: wordsOf(problem),
    })),
    ...refused.map(({ field, message }) => ({ field, step: stepOf(field), text: withoutField(field, message) })),
  ].sort((one, other) => STEPS.indexOf(one.step) - STEPS.indexOf(other.step));
}

/** The cloud begins its sentence with the field, and the form shows it there. */
function withoutField(field: string, message: string): string {
  return field !== "" && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}
