/*
 * What the rooms of the cloud share about a fleet: packages, devices, and what a plan says. Everything here is plain
 * data that survives JSON; the machines have their states in package-types, plan-types and task-types.
 */

/** Name that devices use for the firmware that runs the agent. Every other component is another chip or file. */
export const OWN_FIRMWARE = "firmware";

/** What an answer of a machine is: it took the event, it means nothing in this state, or an operator may not do it. */
export type Answer<Ignored extends string, Refused extends string> =
  | { readonly kind: "taken" }
  | { readonly kind: "ignored"; readonly because: Ignored }
  | { readonly kind: "refused"; readonly because: Refused };

/** One file of a plan for one component, as an operator names it. */
export interface PlanPackage {
  readonly component: string;
  /** The target version. */
  readonly version: string;
}

/** Which devices a plan is for. A list that is absent restricts nothing. */
export interface PlanSelection {
  /** Only devices whose component runs one of these versions. */
  readonly fromVersions?: readonly string[] | undefined;
  /** Only these devices. */
  readonly deviceNames?: readonly string[] | undefined;
  /** Only these devices, of those that are selected otherwise. */
  readonly allow?: readonly string[] | undefined;
  /** None of these, whatever else selects them. */
  readonly deny: readonly string[];
}

/** Whole hours of the day, 0 to 24: `from` is in it, `to` is not. If `to` is the earlier one, midnight lies between. */
export interface PushWindow {
  readonly from: number;
  readonly to: number;
}

/** What the person at the device reads. */
export interface PlanText {
  readonly title: string;
  readonly body: string;
}

/** What a device must have before it installs; absent: the device's own policy decides. */
export interface PlanStrategy {
  /** 0 to 100. */
  readonly minBatteryPercent?: number | undefined;
  /** -200 to 0. */
  readonly minSignalDbm?: number | undefined;
  /** Bytes of storage. */
  readonly space?: number | undefined;
}

export interface PlanPace {
  /** No offer goes while so many devices are offered, download, burn or are on trial. */
  readonly maxInFlight: number;
  /**
   * No offer goes while so many devices are in flight or ask their person. Nobody can hold a device back whose person
   * has accepted: if all accept at once, so many download at once. At least `maxInFlight`.
   */
  readonly maxAsked: number;
  /** Most offers in any 60 seconds. */
  readonly perMinute: number;
  /** Percent of all tasks, rising, the last one is 100. */
  readonly stages: readonly number[];
}

/** A plan is halted as soon as so many percent of at least so many ended tasks failed or are silent. */
export interface PlanHalt {
  readonly percent: number;
  readonly atLeast: number;
}

/** A further try after a result. The first rule that fits counts. */
export interface RetryRule {
  /** A result code of the protocol ("-1" to "-5"), "silent", or "*" for any of them. */
  readonly code: string;
  /** Most tries after the first one. */
  readonly times: number;
  /** Before the second try; doubled before each further one, up to a day. */
  readonly afterSeconds: number;
}

/** What an operator decides about a plan, with every default filled in. `checkSettings` makes it of plan.json. */
export interface PlanSettings {
  readonly name: string;
  readonly productId: string;
  /** In the order in which a device gets them; one for each component. */
  readonly packages: readonly PlanPackage[];
  readonly selection: PlanSelection;
  /** Devices that match later get the update too. Otherwise the devices are fixed at the activation. */
  readonly dynamic: boolean;
  /** IANA name. */
  readonly timeZone: string;
  /** `device`: a device's own zone counts if it is known, and the plan's if not. */
  readonly zone: "plan" | "device";
  /** Absent: at any hour. */
  readonly window?: PushWindow | undefined;
  /** `confirm`: the person at the device is asked. */
  readonly mode: "silent" | "confirm";
  /** By language: "zh", "en", and further ones. */
  readonly texts: { readonly [language: string]: PlanText };
  readonly strategy: PlanStrategy;
  readonly pace: PlanPace;
  readonly halt: PlanHalt;
  readonly retry: readonly RetryRule[];
  /** A device from which nothing new is heard for so long after an offer, or in an installation, counts as silent. */
  readonly silentAfterSeconds: number;
  /** The same for the person who is asked. */
  readonly answerWithinSeconds: number;
  /** What happens if an earlier plan has an open task for the same component of a device. */
  readonly conflict: "wait" | "replace";
  /** Why packages that are not verified may go to many devices. */
  readonly override?: string | undefined;
}

/** What a careful operator would choose. */
export const DEFAULTS = Object.freeze({
  dynamic: false,
  timeZone: "UTC",
  zone: "device",
  mode: "silent",
  texts: Object.freeze({}),
  strategy: Object.freeze({}),
  pace: Object.freeze({ maxInFlight: 100, maxAsked: 1000, perMinute: 100, stages: Object.freeze([1, 5, 25, 100]) }),
  halt: Object.freeze({ percent: 10, atLeast: 5 }),
  retry: Object.freeze([
    Object.freeze({ code: "-1", times: 3, afterSeconds: 60 }),
    Object.freeze({ code: "-3", times: 3, afterSeconds: 60 }),
    Object.freeze({ code: "silent", times: 1, afterSeconds: 3600 }),
  ]),
  silentAfterSeconds: 3600,
  answerWithinSeconds: 604_800,
  conflict: "wait",
}) satisfies Partial<PlanSettings>;

/** A package as matching sees it. */
export interface FleetPackage {
  readonly packageId: string;
  readonly productId: string;
  readonly component: string;
  readonly targetVersion: string;
  /** For a delta: the one version that it makes the target from. */
  readonly sourceVersion?: string | undefined;
  /** The chip that the image names, as "esp32s3"; absent if it names none. */
  readonly chip?: string | undefined;
  /** Names of the only devices whose key opens it; absent: any. */
  readonly boundTo?: readonly string[] | undefined;
}

/** A device as matching sees it. A sub-device is one too. */
export interface FleetDevice {
  readonly productId: string;
  readonly deviceName: string;
  /** The version of each component that has reported one, or whose update is known to have succeeded. */
  readonly versions: { readonly [component: string]: string };
  readonly chip?: string | undefined;
  /** IANA name. */
  readonly timeZone?: string | undefined;
}
