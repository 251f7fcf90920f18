import type { Vitals } from "../../hal/ports/index.js";
import type { ComponentKind, Requirements } from "../protocol/requirements.js";
import type { ClearedStep } from "../update/machine/types.js";
import type { Unmet } from "./plan.js";
import type { Policy } from "./policy.js";
import { isWithin, minuteOfDay, timeOfDay } from "./window.js";

/** What is remembered of an image. */
export interface Remembered {
  readonly declined: boolean;
  /** Steps that were agreed to. */
  readonly accepted: readonly ClearedStep[];
  /** Jobs for it that failed. */
  readonly failures: number;
  /** Why it cools down, if that is not over. */
  readonly cooling: "reverted" | "exhausted" | undefined;
  /** What is left of a deferral; 0 if there is none. */
  readonly deferredSeconds: number;
}

export interface DecisionInput {
  readonly step: ClearedStep;
  readonly policy: Policy;
  readonly requirements: Requirements;
  /** The operator's plan wants a person's consent. */
  readonly consent: boolean;
  /** Somebody listens to plans. */
  readonly hasListener: boolean;
  readonly remembered: Remembered;
  /** What runs on the target of the image; `undefined` as long as that is not known. */
  readonly runningVersion: string | undefined;
  readonly component: string;
  readonly kind: ComponentKind;
  /** Bytes that the image may require. */
  readonly capacity: number;
  readonly vitals: Vitals;
  /** Seconds since 1970, `undefined` if the board does not know. */
  readonly unixTime: number | undefined;
}

export type Decision =
  | { readonly do: "go" }
  | { readonly do: "wait"; readonly unmet: readonly Unmet[] }
  | { readonly do: "ask"; readonly unmet: readonly Unmet[] }
  | { readonly do: "decline"; readonly reason: string };

/** What happens to a plan now. Pure, except that it reads the vitals. */
export function decide(input: DecisionInput): Decision {
  const reason = refusalOf(input);
  if (reason !== undefined) return { do: "decline", reason };
  const { step, remembered } = input;
  const unmet = unmetOf(input);
  if (remembered.deferredSeconds > 0) return { do: "wait", unmet };
  if (wantsConsent(input) && !remembered.accepted.includes(step)) return { do: "ask", unmet };
  return unmet.length === 0 ? { do: "go" } : { do: "wait", unmet };
}

/**
 * The policy says if the download needs consent; if it does not say, the download needs it if there is a listener. The
 * installation has a setting of its own. An operator's plan that wants consent has it asked for in any case: for the
 * installation, if the download began without.
 */
function wantsConsent({ step, policy, hasListener, consent, remembered }: DecisionInput): boolean {
  if (step === "install") {
    return policy.installWhen === "accepted" || (consent && !remembered.accepted.includes("download"));
  }
  if (consent) return true;
  return policy.consent === undefined ? hasListener : policy.consent === "ask";
}

/** Why the image is never installed, as far as is known now. */
function refusalOf(input: DecisionInput): string | undefined {
  const { requirements, remembered, runningVersion, component, kind, capacity } = input;
  if (requirements.wrong !== undefined) return `plan refused: ${requirements.wrong}`;
  if (requirements.component !== undefined && requirements.component !== component) {
    return `for component ${requirements.component}, not ${component}`;
  }
  if (requirements.kind !== undefined && requirements.kind !== kind) {
    return `for a component of kind ${requirements.kind}, not ${kind}`;
  }
  if (remembered.declined) return "declined before";
  if (remembered.cooling === "reverted") return "reverted before: offer it again later";
  if (remembered.cooling === "exhausted") return `failed ${remembered.failures} times: offer it again later`;
  if (
    requirements.sourceVersion !== undefined &&
    runningVersion !== undefined &&
    requirements.sourceVersion !== runningVersion
  ) {
    return `for version ${requirements.sourceVersion}, not ${runningVersion}`;
  }
  if (requirements.space !== undefined && requirements.space > capacity) {
    return `wants ${requirements.space} bytes, room for ${capacity}`;
  }
  return undefined;
}

function unmetOf(input: DecisionInput): Unmet[] {
  const { step, policy, requirements, vitals, unixTime, remembered, runningVersion } = input;
  const unmet: Unmet[] = [];
  if (remembered.deferredSeconds > 0) {
    unmet.push({ what: "deferral", required: remembered.deferredSeconds, measured: undefined });
  }
  // The image is a difference: until the running version is known, it waits.
  if (requirements.sourceVersion !== undefined && runningVersion === undefined) {
    unmet.push({ what: "version", required: requirements.sourceVersion, measured: undefined });
  }
  const least = (
    what: "battery" | "signal",
    demanded: number | undefined,
    wanted: number | undefined,
    measured: number | undefined,
  ): void => {
    const required = Math.max(demanded ?? -Infinity, wanted ?? -Infinity);
    if (measured !== undefined && measured < required) unmet.push({ what, required, measured });
  };
  least("battery", requirements.minBatteryPercent, policy.minBatteryPercent, vitals.batteryPercent());
  least("signal", requirements.minSignalDbm, policy.minSignalDbm, vitals.signalDbm());
  const { windows, installWhen, timeZoneOffsetMinutes } = policy;
  if (windows.length === 0 || (step === "download" && installWhen === "window")) return unmet;
  const minute = unixTime === undefined ? undefined : minuteOfDay(unixTime, timeZoneOffsetMinutes);
  if (minute !== undefined && windows.some((window) => isWithin(minute, window))) return unmet;
  const required = windows.map(({ from, to }) => `${timeOfDay(from)}-${timeOfDay(to)}`).join(", ");
  unmet.push({ what: "window", required, measured: minute === undefined ? undefined : timeOfDay(minute) });
  return unmet;
}
