import { DEFAULTS, type PlanPackage, type PlanSelection, type PlanSettings } from "../fleet/types.js";

/** The command that a plan of an upgrade comes from. */
export const UPGRADE_COMMAND = "upgrade";

/** A device of an upgrade from which nothing new is heard for so long counts as silent. */
export const UPGRADE_SILENCE_SECONDS = 86_400;

/** No pace and no halt: what an operator at a desk wants is there at once. */
const AT_ONCE = {
  pace: { maxInFlight: 1_000_000, maxAsked: 1_000_000, perMinute: 1_000_000, stages: [100] },
  halt: { percent: 100, atLeast: 1_000_000_000 },
  /** A failure stands until the operator upgrades again. */
  retry: [],
  silentAfterSeconds: UPGRADE_SILENCE_SECONDS,
  conflict: "replace",
} as const;

export interface UpgradeTerms {
  /** The product's id on the wire. */
  readonly productId: string;
  readonly target: PlanPackage;
  readonly selection: PlanSelection;
  /** Whether devices that come later are taken in. */
  readonly dynamic: boolean;
}

/** @returns what the plan of an upgrade says: it is for now, and needs no verification */
export function upgradeSettings({ productId, target, selection, dynamic }: UpgradeTerms): PlanSettings {
  return {
    ...DEFAULTS,
    ...AT_ONCE,
    name: `upgrade to ${target.version}`,
    productId,
    packages: [{ component: target.component, version: target.version }],
    selection,
    dynamic,
    override: "ota-cloud upgrade",
  };
}
