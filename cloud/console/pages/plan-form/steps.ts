export const STEPS = ["what", "whom", "when", "pace", "if", "end"] as const;
export type Step = (typeof STEPS)[number];

/** Keys of plan.json by the step that asks for them; the empty one is the selection as a whole. */
const KEYS: { readonly [step in Exclude<Step, "end">]: readonly string[] } = {
  what: ["name", "product", "packages", "version", "override"],
  whom: ["", "all", "from", "devices", "allow", "deny", "dynamic"],
  when: ["timeZone", "zone", "window", "mode", "texts", "strategy"],
  pace: ["pace"],
  if: ["halt", "retry", "silentAfterSeconds", "answerWithinSeconds", "conflict"],
};

/**
 * @param field a path in plan.json: `pace.stages[1]`
 * @returns the step where the field is; the last one for a field that the form does not know
 */
export function stepOf(field: string): Step {
  const key = /^[^.[]*/.exec(field)?.[0] ?? "";
  return STEPS.find((step) => step !== "end" && KEYS[step].includes(key)) ?? "end";
}

export function isStep(text: string | null): text is Step {
  return STEPS.some((step) => step === text);
}
