/**
 * Plans, policies and components.
 *
 * @module moddable-ota/plans
 */
import { Components } from "./components.js";
import type { ComponentsOptions } from "./options.js";
import { FirmwarePlans, type FirmwarePlansOptions } from "../plans/firmware-plans.js";
import { type PolicyConfig, resolvePolicy } from "../plans/policy.js";

/**
 * What an application imports as `moddable-ota/plans`: plans, policies and components. A board that updates its own
 * firmware whenever it is offered does not carry this code.
 */
export interface PlansPart {
  /** @throws OtaError `usage` for a wrong policy */
  firmware(options: FirmwarePlansOptions): FirmwarePlans;
  /** @throws HalError if the board has no staging partition */
  components(options: ComponentsOptions): Components;
}

export const plans: PlansPart = Object.freeze({
  firmware: (options: FirmwarePlansOptions) => new FirmwarePlans(options),
  components: (options: ComponentsOptions) => new Components(options),
});

/** Looks at a policy without using it. @throws OtaError `usage`, one line that says which setting is wrong */
export function checkPolicy(policy: PolicyConfig): void {
  resolvePolicy(policy);
}
