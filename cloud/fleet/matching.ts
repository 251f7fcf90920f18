import { OPEN_STATES, type TaskStateName } from "./task-types.js";
import { type FleetDevice, type FleetPackage, OWN_FIRMWARE, type PlanPackage, type PlanSettings } from "./types.js";

/** Why a device gets no task of a plan. */
export const MATCH_REASONS = Object.freeze([
  "not-in-product",
  "denied",
  "not-selected",
  "not-allowed",
  "version-unknown",
  "version-not-selected",
  "package-missing",
  "wrong-chip",
  "bound-to-other-device",
  "delta-source-differs",
  "runs-target",
  "open-task-of-plan",
  "already-done-by-this-plan",
  "already-tried-by-this-plan",
] as const);

export type MatchReason = (typeof MATCH_REASONS)[number];

export type Match =
  | {
      readonly matches: true;
      /** The package that the device gets first, or next. */
      readonly next: FleetPackage;
      /** Each package that the device is still to get a task of, in order; `next` is the first. */
      readonly wanted: readonly FleetPackage[];
    }
  | { readonly matches: false; readonly reason: MatchReason };

/** A task of the plan that the device has already. */
export interface TaskOfPlan {
  readonly component: string;
  readonly state: TaskStateName;
}

/** A plan made ready to be matched with many devices. It is made anew for each run, and never stored. */
export interface Matcher {
  readonly productId: string;
  readonly deny: ReadonlySet<string>;
  readonly allow: ReadonlySet<string> | undefined;
  readonly deviceNames: ReadonlySet<string> | undefined;
  readonly fromVersions: ReadonlySet<string> | undefined;
  /** In the plan's order; a package that there is not, or not any more, is `undefined`. */
  readonly steps: readonly { readonly wanted: PlanPackage; readonly found: FleetPackage | undefined }[];
}

/** @param packages of the product; withdrawn ones left out */
export function matcherOf(
  { productId, selection, packages: wanted }: Pick<PlanSettings, "productId" | "selection" | "packages">,
  packages: readonly FleetPackage[],
): Matcher {
  const setOf = (names: readonly string[] | undefined) => (names === undefined ? undefined : new Set(names));
  return {
    productId,
    deny: new Set(selection.deny),
    allow: setOf(selection.allow),
    deviceNames: setOf(selection.deviceNames),
    fromVersions: setOf(selection.fromVersions),
    steps: wanted.map((each) => ({
      wanted: each,
      found: packages.find(
        ({ productId: product, component, targetVersion }) =>
          product === productId && component === each.component && targetVersion === each.version,
      ),
    })),
  };
}

/**
 * Whether a device gets tasks of a plan, and which. A device gets each package of a plan once: what it got, it does
 * not get again, whatever it runs now.
 *
 * @param tasks that the plan has for this device already
 */
export function match(matcher: Matcher, device: FleetDevice, tasks: readonly TaskOfPlan[]): Match {
  const excluded = exclusionOf(matcher, device);
  if (excluded !== undefined) return no(excluded);
  const wanted: FleetPackage[] = [];
  let isOpen = false;
  for (const [index, step] of matcher.steps.entries()) {
    const task = tasks.find(({ component }) => component === step.wanted.component);
    if (task !== undefined) {
      if (OPEN_STATES.includes(task.state)) isOpen = true;
      else if (task.state !== "succeeded") return no("already-tried-by-this-plan");
      continue;
    }
    // The versions of the selection are those of the first component; a plan that has begun changes them itself.
    if (index === 0 && tasks.length === 0) {
      const unselected = selectionOf(matcher, step.wanted.component, device);
      if (unselected !== undefined) return no(unselected);
    }
    if (step.found === undefined) return no("package-missing");
    const misfit = misfitOf(step.found, device);
    if (misfit === "runs-target") continue;
    if (misfit !== undefined) return no(misfit);
    wanted.push(step.found);
  }
  const [next] = wanted;
  if (next !== undefined) return { matches: true, next, wanted };
  if (isOpen) return no("open-task-of-plan");
  return no(tasks.length > 0 ? "already-done-by-this-plan" : "runs-target");
}

/**
 * Whether the device of a waiting task still gets its package: asked before each offer.
 *
 * @param attempt of the task; only the first try depends on the selected versions
 * @returns the reason why not, for the event `match-lost`
 */
export function lostMatchOf(
  matcher: Matcher,
  device: FleetDevice,
  { component, attempt }: { readonly component: string; readonly attempt: number },
): MatchReason | undefined {
  const index = matcher.steps.findIndex(({ wanted }) => wanted.component === component);
  const found = matcher.steps[index]?.found;
  if (found === undefined) return "package-missing";
  const misfit = exclusionOf(matcher, device) ?? misfitOf(found, device);
  if (misfit !== undefined) return misfit;
  return index === 0 && attempt === 0 ? selectionOf(matcher, component, device) : undefined;
}

/** A denied device stays out, whoever allows it. */
function exclusionOf(matcher: Matcher, { productId, deviceName }: FleetDevice): MatchReason | undefined {
  if (productId !== matcher.productId) return "not-in-product";
  if (matcher.deny.has(deviceName)) return "denied";
  if (matcher.deviceNames?.has(deviceName) === false) return "not-selected";
  if (matcher.allow?.has(deviceName) === false) return "not-allowed";
  return undefined;
}

function selectionOf(
  { fromVersions, steps }: Matcher,
  component: string,
  { versions }: FleetDevice,
): MatchReason | undefined {
  if (fromVersions === undefined) return undefined;
  const version = versions[component];
  if (version === undefined) return "version-unknown";
  if (fromVersions.has(version)) return undefined;
  return version === steps[0]?.wanted.version ? "runs-target" : "version-not-selected";
}

function misfitOf(found: FleetPackage, device: FleetDevice): MatchReason | undefined {
  const { component, chip, boundTo, sourceVersion, targetVersion } = found;
  const version = device.versions[component];
  if (version === targetVersion) return "runs-target";
  // Only the own firmware is an image for the device's chip: another component may have any chip.
  if (component === OWN_FIRMWARE && chip !== undefined && device.chip !== undefined && chip !== device.chip) {
    return "wrong-chip";
  }
  if (boundTo !== undefined && !boundTo.includes(device.deviceName)) return "bound-to-other-device";
  if (sourceVersion === undefined || version === sourceVersion) return undefined;
  if (version !== undefined) return "delta-source-differs";
  // Many devices report no version of another component: they check the source of a delta themselves.
  return component === OWN_FIRMWARE ? "version-unknown" : undefined;
}

function no(reason: MatchReason): Match {
  return { matches: false, reason };
}
