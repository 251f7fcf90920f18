import type { Vitals } from "../../hal/ports/index.js";
import type { ComponentKind, Demands } from "../protocol/demands.js";
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
  /** Left of a deferral; 0 if there is none. */
  readonly deferredSeconds: number;
}

export interface Question {
  readonly step: ClearedStep;
  readonly policy: Policy;
  readonly demands: Demands;
  /** Somebody listens to plans. */
  readonly hasListener: boolean;
  readonly remembered: Remembered;
  /** What runs on the target of the image; `undefined` as long as it does not say. */
  readonly runningVersion: string | undefined;
  readonly component: string;
  readonly kind: ComponentKind;
  /** Bytes that the image may demand. */
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

/** What happens to a plan now. Pure but for the look at the vitals. */
export function decide(question: Question): Decision {
  const reason = refusalOf(question);
  if (reason !== undefined) return { do: "decline", reason };
  const { step, remembered } = question;
  const unmet = unmetOf(question);
  if (remembered.deferredSeconds > 0) return { do: "wait", unmet };
  if (wantsConsent(question) && !remembered.accepted.includes(step)) return { do: "ask", unmet };
  return unmet.length === 0 ? { do: "go" } : { do: "wait", unmet };
}

/** Consent to the download is asked if the policy, or else a listener, wants it; to the installation by its own setting. */
function wantsConsent({ step, policy, hasListener }: Question): boolean {
  if (step === "install") return policy.installWhen === "accepted";
  return policy.consent === undefined ? hasListener : policy.consent === "ask";
}

/** Why the image is never installed, as far as is known now. */
function refusalOf(question: Question): string | undefined {
  const { demands, remembered, runningVersion, component, kind, capacity } = question;
  if (demands.wrong !== undefined) return `plan refused: ${demands.wrong}`;
  if (demands.component !== undefined && demands.component !== component) return `for component ${demands.component}, not ${component}`;
  if (demands.kind !== undefined && demands.kind !== kind) return `for a component of kind ${demands.kind}, not ${kind}`;
  if (remembered.declined) return "declined before";
  if (remembered.cooling === "reverted") return "reverted before: offer it again later";
  if (remembered.cooling === "exhausted") return `failed ${remembered.failures} times: offer it again later`;
  if (demands.sourceVersion !== undefined && runningVersion !== undefined && demands.sourceVersion !== runningVersion) {
    return `for version ${demands.sourceVersion}, not ${runningVersion}`;
  }
  if (demands.space !== undefined && demands.space > capacity) return `wants ${demands.space} bytes, room for ${capacity}`;
  return undefined;
}

function unmetOf(question: Question): Unmet[] {
  const { step, policy, demands, vitals, unixTime, remembered, runningVersion } = question;
  const unmet: Unmet[] = [];
  if (remembered.deferredSeconds > 0) unmet.push({ what: "deferral", required: remembered.deferredSeconds, measured: undefined });
  // A difference is offered to whom has said its source version, and to nobody else.
  if (demands.sourceVersion !== undefined && runningVersion === undefined) unmet.push({ what: "version", required: demands.sourceVersion, measured: undefined });
  const least = (what: "battery" | "signal", demanded: number | undefined, wanted: number | undefined, measured: number | undefined): void => {
    const required = Math.max(demanded ?? -Infinity, wanted ?? -Infinity);
    if (measured !== undefined && measured < required) unmet.push({ what, required, measured });
  };
  least("battery", demands.minBatteryPercent, policy.minBatteryPercent, vitals.batteryPercent());
  least("signal", demands.minSignalDbm, policy.minSignalDbm, vitals.signalDbm());
  const { windows, installWhen, timeZoneOffsetMinutes } = policy;
  if (windows.length === 0 || (step === "download" && installWhen === "window")) return unmet;
  const minute = unixTime === undefined ? undefined : minuteOfDay(unixTime, timeZoneOffsetMinutes);
  if (minute !== undefined && windows.some((window) => isWithin(minute, window))) return unmet;
  const required = windows.map(({ from, to }) => `${timeOfDay(from)}-${timeOfDay(to)}`).join(", ");
  unmet.push({ what: "window", required, measured: minute === undefined ? undefined : timeOfDay(minute) });
  return unmet;
}
