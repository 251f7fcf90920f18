import { transition } from "../fleet/package-machine.js";
import type { PackageEffect, PackageEvent, PackageState, PackageStep } from "../fleet/package-types.js";
import type { Package } from "../store/schema.js";
import type { Journal } from "./journal.js";
import type { Work } from "./work.js";

export interface PackageDispatchOptions {
  readonly journal: Journal;
  /** Makes and activates the plan of a verification, in the same transaction. */
  startVerification(work: Work, found: Package, deviceName: string): Promise<void>;
  cancelVerification(work: Work, found: Package): Promise<void>;
  /** Tells the plans that use the package. */
  haltPlans(work: Work, found: Package): Promise<void>;
}

/** Lets events happen to packages. */
export class PackageDispatch {
  readonly #options: PackageDispatchOptions;

  constructor(options: PackageDispatchOptions) {
    this.#options = options;
  }

  async dispatch(work: Work, found: Package, event: PackageEvent): Promise<PackageStep> {
    const before = packageState(found);
    const step = transition(before, event);
    if (step.state !== before) await work.tables.packages.update(found.id, packageColumns(step.state));
    for (const effect of step.effects) await this.#run(work, effect, found);
    if (step.answer.kind === "taken") {
      const productId = (await work.tables.products.byId(found.productId))?.productId ?? "";
      work.after(() => this.#options.journal.notify({ kind: "package", packageId: found.id, productId }));
    }
    return step;
  }

  async #run(work: Work, effect: PackageEffect, found: Package): Promise<void> {
    const { startVerification, cancelVerification, haltPlans, journal } = this.#options;
    switch (effect.do) {
      case "start-verification":
        return startVerification(work, found, effect.deviceName);
      case "cancel-verification":
        return cancelVerification(work, found);
      case "halt-plans":
        return haltPlans(work, found);
      case "record":
        await journal.record(work, `package-${effect.what}`, {}, { packageId: found.id, text: effect.detail });
        return;
    }
  }
}

export function packageState({ data }: Pick<Package, "data">): PackageState {
  return JSON.parse(data) as PackageState;
}

export function packageColumns(state: PackageState): Pick<Package, "state" | "stateReason" | "data"> {
  const { name } = state;
  const stateReason =
    name === "rejected" ? `${state.reason} ${state.detail}`.trim() : name === "withdrawn" ? state.reason : null;
  return { state: name, stateReason, data: JSON.stringify(state) };
}
