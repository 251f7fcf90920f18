import type { PlanInput } from "../../../operator/types.js";
import { copyOf, fromSettings } from "./from-settings.js";
import { newForm, type PlanFormState } from "./plan-form-state.js";
import { type FormProduct, withProduct } from "./proposals.js";

/** What a form begins with, by its address. */
export interface Origin {
  /** The plan whose settings it begins with. */
  readonly plan?: number | undefined;
  /** Whether the form makes a further plan of that one. */
  readonly isCopy: boolean;
  readonly packageId?: number;
  readonly devices?: readonly string[];
}

export interface FirstFormOptions extends Omit<Origin, "plan" | "packageId"> {
  readonly settings: PlanInput | undefined;
  readonly package: { readonly productId: string; readonly component: string; readonly version: string } | undefined;
  readonly products: readonly FormProduct[];
  /** The product that the pages show; empty for all of them. */
  readonly chosenProduct: string;
  /** The reader's time zone. */
  readonly ownZone: string;
}

/** @returns the form as it is before anybody has typed */
export function firstForm(options: FirstFormOptions): PlanFormState {
  const { settings, isCopy, package: pack, devices, products, chosenProduct, ownZone } = options;
  if (settings !== undefined) return isCopy ? copyOf(settings) : fromSettings(settings);
  const only = products.length === 1 ? products[0]?.productId : undefined;
  const productId = pack?.productId ?? (chosenProduct !== "" ? chosenProduct : (only ?? ""));
  const chosen = products.find((each) => each.productId === productId) ?? { productId };
  const form = withProduct(newForm(ownZone), { before: { productId: "" }, chosen, ownZone });
  return {
    ...form,
    ...(pack === undefined ? {} : { packages: [{ component: pack.component, version: pack.version }] }),
    ...(devices === undefined ? {} : { scope: "devices", devices: devices.join("\n") }),
  };
}
