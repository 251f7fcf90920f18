import type { MqttPart } from "../application-mqtt/part.js";
import type { PlansPart } from "../components/part.js";
import type { ControlPart } from "../control/part.js";
import { OtaError } from "../errors.js";
import type { GatewayPart } from "../gateway/part.js";
import type { PackagesPart } from "../package/part.js";
import type { SealPart } from "../seal/part.js";

/**
 * What an application hands in if it needs it: `control` of `moddable-ota/control`, `gateway` of
 * `moddable-ota/gateway`, `plans` of `moddable-ota/plans`, `mqtt` of `moddable-ota/mqtt`, `seal` of
 * `moddable-ota/seal`, `packages` of `moddable-ota/packages`.
 */
export interface AgentParts {
  readonly control?: ControlPart | undefined;
  readonly gateway?: GatewayPart | undefined;
  readonly plans?: PlansPart | undefined;
  readonly mqtt?: MqttPart | undefined;
  readonly seal?: SealPart | undefined;
  readonly packages?: PackagesPart | undefined;
}

export function missing(part: keyof AgentParts): OtaError {
  return new OtaError(
    "usage",
    `bring the part: import { ${part} } from "moddable-ota/${part}", and parts: { ${part} }`,
  );
}
