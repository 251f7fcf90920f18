import { OtaError } from "../errors.js";
import type { Failure } from "./machine/types.js";
import type { Gate, Target } from "./target.js";

/** What stands before the download and the installation of one kind of image: the part `seal`. */
export interface Guard {
  /** The same gate each time. @param inner is asked after it; absent: every update is wanted at once */
  gate(inner: Gate | undefined): Gate;
  target(inner: Target): Target;
}

/** Whose images a guard is for, if they are not the own firmware's. */
export interface GuardedOwner {
  /** `PRODUCT/name` of a sub-device, or the id of a component. */
  readonly owner: string;
  /** What a seal has to name. */
  readonly product: string;
  /** An image without a seal is refused. */
  readonly required: boolean;
}

/** @throws OtaError `usage` if a seal is required and the part `seal` is absent */
export function guardOf(guards: Guards | undefined, owner: GuardedOwner): Guard | undefined {
  if (guards === undefined && owner.required) throw new OtaError("usage", `${owner.owner}: sealed needs the part seal`);
  return guards?.of(owner);
}

/** The guards of a device. */
export interface Guards {
  /** Each image needs a seal: the own firmware's, and those of everybody whose guard was made so far. */
  readonly allNeedSeals: boolean;
  readonly firmware: Guard;
  of(owner: GuardedOwner): Guard;
  /** The running firmware is not on trial, or no more. */
  confirmed(): void;
  /** @returns why the firmware in the other slot must not boot any more */
  rollbackFailure(): Failure | undefined;
}
