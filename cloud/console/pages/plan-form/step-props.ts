import type { PackageView, ProductView } from "../../../operator/types.js";
import type { Overview } from "../../../operator/types.js";
import type { PlanFormState } from "./plan-form-state.js";

/** What the form needs to know of the cloud. Absent: it is not loaded yet, or cannot be. */
export interface FormReference {
  readonly products: readonly ProductView[];
  /** Of the chosen product. */
  readonly packages: readonly PackageView[] | undefined;
  readonly versions: Overview["versions"] | undefined;
  /** Devices that match now, as the preview has counted them. */
  readonly matches: number | undefined;
}

export interface StepProps {
  readonly form: PlanFormState;
  readonly reference: FormReference;
  change(patch: Partial<PlanFormState>): void;
  /** @returns what is wrong with a field, in words */
  errorOf(field: string): string | undefined;
}
