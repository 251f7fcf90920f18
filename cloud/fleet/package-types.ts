import type { Answer } from "./types.js";

/**
 * Where a package is on its way into use. It is verified on one device before it goes to many.
 */
export type PackageState =
  | { readonly name: "uploaded" }
  | { readonly name: "verifying"; readonly deviceName: string }
  | { readonly name: "verified"; readonly deviceName: string }
  /** `reason`: the result code of the device, or the state in which its task ended. */
  | { readonly name: "rejected"; readonly deviceName: string; readonly reason: string; readonly detail: string }
  | { readonly name: "withdrawn"; readonly reason: string };

export type PackageStateName = PackageState["name"];

export const PACKAGE_STATES: readonly PackageStateName[] = Object.freeze([
  "uploaded",
  "verifying",
  "verified",
  "rejected",
  "withdrawn",
]);

export type PackageEvent =
  /** An operator chose the device. */
  | { readonly type: "verification-commanded"; readonly deviceName: string }
  /** An operator does not wait for the device any longer. */
  | { readonly type: "abandonment-commanded" }
  /** The task of the verification has ended. */
  | { readonly type: "task-succeeded" }
  | { readonly type: "task-failed"; readonly reason: string; readonly detail: string }
  | { readonly type: "withdrawal-commanded"; readonly reason: string };

export type PackageEffect =
  /** One task for this device; it needs no override. */
  | { readonly do: "start-verification"; readonly deviceName: string }
  | { readonly do: "cancel-verification" }
  /** Plans that are not ended and use the package learn of it by their event `package-withdrawn`. */
  | { readonly do: "halt-plans" }
  | { readonly do: "record"; readonly what: string; readonly detail: string };

export type PackageAnswer = Answer<
  "no-verification-runs",
  "verification-runs" | "no-verification-runs" | "verified-already" | "withdrawn"
>;

export interface PackageStep {
  readonly state: PackageState;
  readonly effects: readonly PackageEffect[];
  readonly answer: PackageAnswer;
}
