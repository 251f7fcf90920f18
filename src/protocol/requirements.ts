import type { Wanted } from "./json.js";
import { isVersion } from "./version.js";

/**
 * What an image requires of its target. These fields are in the manifest next to the firmware; an offer may carry
 * them too, which the platform does not do today.
 */
export interface Requirements {
  /** The image is a difference to this version: it can be applied to no other. */
  readonly sourceVersion?: string;
  /** 0 to 100. */
  readonly minBatteryPercent?: number;
  /** -200 to 0. */
  readonly minSignalDbm?: number;
  /** Bytes. */
  readonly space?: number;
  readonly kind?: ComponentKind;
  /** Id of the component. */
  readonly component?: string;
  /** A field has a value that it cannot have: the image is not installed. */
  readonly wrong?: string;
}

/** `module`: the firmware that runs the agent. `mcu`: another chip behind it. */
export type ComponentKind = "module" | "mcu";

/** The fields, for `readMessage`. */
export const REQUIREMENTS: Wanted = Object.freeze({
  sourceVersion: true,
  minBatteryPercent: true,
  minSignalDbm: true,
  space: true,
  kind: true,
  component: true,
});

/** @returns the known fields, `undefined` if there is none of them; all other fields are ignored */
export function decodeRequirements(fields: { readonly [key: string]: unknown }): Requirements | undefined {
  const { sourceVersion, minBatteryPercent, minSignalDbm, space, kind, component } = fields;
  const requirements: { -readonly [Key in keyof Requirements]: Requirements[Key] } = {};
  const take = <Key extends keyof Requirements>(key: Key, value: unknown, holds: boolean): void => {
    if (value === undefined) return;
    if (holds) requirements[key] = value as Requirements[Key];
    else requirements.wrong = `${key} is wrong`;
  };
  take("sourceVersion", sourceVersion, typeof sourceVersion === "string" && isVersion(sourceVersion));
  take("minBatteryPercent", minBatteryPercent, isWithin(minBatteryPercent, 0, 100));
  take("minSignalDbm", minSignalDbm, isWithin(minSignalDbm, -200, 0));
  take("space", space, isWithin(space, 0, Number.MAX_SAFE_INTEGER));
  take("kind", kind, kind === "module" || kind === "mcu");
  take("component", component, typeof component === "string" && isVersion(component));
  return Object.keys(requirements).length === 0 ? undefined : requirements;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}
