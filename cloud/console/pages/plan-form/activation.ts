import type { PackageState } from "../../../operator/types.js";
import type { PackageEntry, PlanFormState } from "./plan-form-state.js";

/** A package as the form needs it. */
export interface FormPackage {
  readonly component: string;
  readonly version: string;
  readonly state: PackageState;
  readonly form: "full" | "delta";
  readonly sourceVersion?: string;
}

/** Why a plan could be saved, but not activated now. */
export type ActivationProblem = "nobody-matches" | "not-verified" | "withdrawn" | "not-uploaded";

/** @returns the package of an entry; of a delta and a full one the full one, as the cloud chooses it */
export function packageOf({ component, version }: PackageEntry, list: readonly FormPackage[]): FormPackage | undefined {
  const found = list.filter((each) => each.component === component && each.version === version);
  return found.find(({ form }) => form === "full") ?? found[0];
}

/** @returns the versions of the chosen packages that were not verified */
export function unverifiedOf({ packages }: PlanFormState, list: readonly FormPackage[]): readonly PackageEntry[] {
  return packages.filter((entry) => {
    const state = packageOf(entry, list)?.state;
    return state !== undefined && state !== "verified" && state !== "withdrawn";
  });
}

/**
 * @param matches devices that match now; undefined as long as that is not known
 * @returns what keeps the plan from being activated; the cloud decides it again
 */
export function activationProblemsOf(
  form: PlanFormState,
  list: readonly FormPackage[],
  matches: number | undefined,
): readonly ActivationProblem[] {
  const { packages, dynamic, override } = form;
  const states = packages.map((entry) => packageOf(entry, list)?.state);
  const goesToMany = dynamic || (matches ?? 0) > 1;
  return [
    ...(matches === 0 && !dynamic ? (["nobody-matches"] as const) : []),
    ...(states.includes(undefined) ? (["not-uploaded"] as const) : []),
    ...(states.includes("withdrawn") ? (["withdrawn"] as const) : []),
    ...(goesToMany && override.trim() === "" && unverifiedOf(form, list).length > 0 ? (["not-verified"] as const) : []),
  ];
}
