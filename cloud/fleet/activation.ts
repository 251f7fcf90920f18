import type { PackageStateName } from "./package-types.js";
import type { ActivationProblem } from "./plan-types.js";

export interface ActivationInput {
  /** Each package that the plan names, in any order. */
  readonly packages: readonly {
    /** `undefined`: there is no such package. */
    readonly state: PackageStateName | undefined;
    /** Files in it. */
    readonly files: number;
    /** Components of the plan that get it. */
    readonly components: number;
  }[];
  /** Devices that match now. */
  readonly matching: number;
  readonly dynamic: boolean;
  /** Why packages that are not verified may go to many devices. */
  readonly override: string | undefined;
}

/**
 * Why a plan cannot be activated: nothing if it can. A package that is not verified may go to one device, or to many
 * by an override that the audit shows; a dynamic plan has no number of devices.
 */
export function activationProblems({ packages, matching, dynamic, override }: ActivationInput): ActivationProblem[] {
  const problems = new Set<ActivationProblem>();
  for (const { state, files, components } of packages) {
    if (state === undefined) problems.add("package-missing");
    else if (state === "withdrawn") problems.add("package-withdrawn");
    else if (state !== "verified" && override === undefined && (dynamic || matching > 1)) {
      problems.add("package-not-verified");
    }
    if (files > components) problems.add("more-files-than-components");
  }
  if (packages.length === 0) problems.add("package-missing");
  if (matching === 0 && !dynamic) problems.add("nobody-matches");
  return [...problems];
}
