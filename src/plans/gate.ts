import type { Device, Timer, TlsOptions } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import type { ComponentKind, Requirements } from "../protocol/requirements.js";
import type { Offer } from "../protocol/messages.js";
import type { Gate } from "../update/target.js";
import type { ClearedStep, Failure } from "../update/machine/types.js";
import { describeUnmet, type Plan, type Unmet } from "./plan.js";
import type { Dependencies } from "./dependencies.js";
import { PlanRequirements } from "./requirements.js";
import type { PlanMemory } from "./memory.js";
import { decide } from "./decision.js";
import { LONGEST_SECONDS, type Policy } from "./policy.js";
import { close, newPendingStep, type PendingStep } from "./pending-step.js";

export interface PlanGateOptions {
  readonly device: Pick<Device, "clock" | "http" | "log" | "vitals">;
  readonly policy: Policy;
  readonly memory: PlanMemory;
  /** For the manifest, if it comes by https. */
  readonly tls: TlsOptions;
  readonly component: string;
  /** A sub-device; `component` is its product then. Answers hold for the product, a deadline for this device alone. */
  readonly deviceName?: string | undefined;
  readonly kind: ComponentKind;
  /** Bytes that an image may require. */
  readonly capacity: number;
  runningVersion(): string | undefined;
  /** Asks what runs, if that is unknown. @param onEnded never from inside this call */
  askVersion?(onEnded: () => void): void;
  hasListener(): boolean;
  /** @returns `undefined` as long as there are no others */
  dependencies?(): Dependencies | undefined;
  /** Once for each step of each image, and again when a deferral is over. */
  onPlan(plan: Plan): void;
  /** The job has to end, in whatever state it is. */
  onOver(failure: Failure): void;
}

/** How often the running version is asked for, if an image requires one. */
const VERSION_TRIES = 5;

/** The gate of one target. It asks the policy and the listener, again and again until the answer is yes or no. */
export class PlanGate implements Gate {
  readonly consents = true;
  readonly #options: PlanGateOptions;
  #pending: PendingStep | undefined;
  /** The image that was asked about last, and what it requires. */
  #image: Offer | undefined;
  #requirements: PlanRequirements | undefined;
  #timer: Timer | undefined;
  #deadline: Timer | undefined;
  #said = "";

  constructor(options: PlanGateOptions) {
    this.#options = options;
  }

  /** Answers from a turn of its own: never from inside this call. */
  ask(
    step: ClearedStep,
    offer: Offer,
    answer: (failure?: Failure) => void,
    onDeferred?: (seconds: number) => void,
  ): void {
    if (step === "download" || this.#image === undefined) {
      this.withdraw();
      this.#image = offer;
      this.#requirements = undefined;
    } else if (this.#requirements?.isMissed === true) {
      // The server has sent the firmware since: it is asked once more before the installation.
      this.#requirements = undefined;
    }
    this.#take(newPendingStep(step, offer, answer, onDeferred));
    this.#said = "";
    this.#lookIn(this.#options.dependencies?.()?.gatherMs ?? 0);
  }

  withdraw(): void {
    this.#take(undefined);
    this.#timer?.cancel();
    this.#requirements?.close();
    this.#endDeadline();
  }

  /** The installation begins, or the job is over: from now on its plan changes nothing. */
  end(): void {
    this.withdraw();
    this.#image = undefined;
  }

  /** The plan of an update that is under way. It answers a pending step just as the plan does that was shown before. */
  describe(offer: Offer, step: ClearedStep): Plan {
    this.#image ??= offer;
    return this.#plan(this.#pending ?? newPendingStep(step, offer, () => {}));
  }

  /** The plan of the image that was asked about last, until its installation begins or its job is over. */
  current(): Plan | undefined {
    return this.#image === undefined ? undefined : this.describe(this.#image, "download");
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.device.clock.timer("plan", delayMs, () => this.#look());
  }

  #look(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { policy, memory, device, component, runningVersion, hasListener } = this.#options;
    const dependencies = this.#options.dependencies?.();
    const { step, offer } = pending;
    if (this.#isOver(offer)) return;
    const requirements = this.#requirementsOf(offer);
    if (requirements === undefined) return;
    const first = dependencies?.awaited();
    if (first !== undefined) {
      pending.unmet = [{ what: "component", required: first, measured: undefined }];
      this.#say(pending.unmet);
      this.#lookIn(policy.recheckMs);
      return;
    }
    const reason = dependencies?.blocked(offer);
    const remembered = memory.recall(component, offer);
    const decision =
      reason !== undefined
        ? ({ do: "decline", reason } as const)
        : decide({
            ...this.#options,
            step,
            requirements,
            consent: offer.consent === true,
            hasListener: hasListener(),
            remembered,
            runningVersion: runningVersion(),
            vitals: device.vitals,
            unixTime: device.clock.unixTime(),
          });
    // A listener that gets the plan below may answer at once: its answer then sets an earlier look.
    const { deferredSeconds } = remembered;
    this.#lookIn(deferredSeconds > 0 ? Math.min(policy.recheckMs, deferredSeconds * 1000) : policy.recheckMs);
    pending.unmet = "unmet" in decision ? decision.unmet : [];
    pending.asks = decision.do === "ask";
    if (pending.unmet.some(({ what }) => what === "version") && deferredSeconds === 0) {
      this.#askVersion(pending, requirements);
    }
    switch (decision.do) {
      case "go":
        if (step === "download") this.#tell(pending);
        // The listener may have declined or deferred the plan while it got it.
        if (this.#pending === pending && !this.#isDeferred(offer)) this.#answer();
        return;
      case "decline":
        this.#answer({ code: "offer-refused", message: decision.reason });
        if (reason !== undefined) dependencies?.unblock(offer);
        return;
      case "wait":
        this.#say(decision.unmet);
        if (deferredSeconds === 0) this.#tell(pending);
        return;
      case "ask":
        this.#say(decision.unmet, "an answer");
        this.#tell(pending);
        return;
    }
  }

  /** @returns `undefined` if the manifest is not there yet: the next look comes by itself */
  #requirementsOf(offer: Offer): Requirements | undefined {
    const { policy, device, tls } = this.#options;
    this.#requirements ??= new PlanRequirements({
      device,
      tls,
      manifest: policy.manifest,
      onRead: () => this.#lookIn(0),
      onBusy: () => this.#lookIn(policy.recheckMs),
    });
    return this.#requirements.read(offer);
  }

  /**
   * The image is a difference to one version. If the target does not report its version within some tries, the image is
   * refused, as if the version were another one: the difference may not fit.
   */
  #askVersion(pending: PendingStep, { sourceVersion }: Requirements): void {
    if (pending.asksVersion) return;
    pending.asksVersion = true;
    this.#options.askVersion?.(() => {
      pending.asksVersion = false;
      if (this.#pending !== pending) return;
      if (this.#options.runningVersion() !== undefined) {
        this.#lookIn(0);
      } else if (++pending.versionTries >= VERSION_TRIES) {
        this.#answer({ code: "offer-refused", message: `for version ${sourceVersion}, what runs is unknown` });
      }
    });
  }

  /** Arms the deadline at the first look. @returns whether it has passed already */
  #isOver(offer: Offer): boolean {
    const { policy, memory, component, deviceName, device, onOver } = this.#options;
    if (policy.deadlineSeconds === undefined || this.#deadline !== undefined) return false;
    const isOne = deviceName === undefined;
    const leftMs = isOne ? memory.deadlineMs(component, offer, policy.deadlineSeconds) : policy.deadlineSeconds * 1000;
    const over = (): void => {
      this.withdraw();
      if (isOne) memory.fail(component, offer);
      onOver({ code: "deadline-exceeded", message: `not installed within ${policy.deadlineSeconds} s` });
    };
    if (leftMs <= 0) over();
    else this.#deadline = device.clock.timer("plan deadline", leftMs, over);
    return leftMs <= 0;
  }

  #endDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #answer(failure?: Failure): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#take(undefined);
    this.#timer?.cancel();
    if (pending.step === "install" || failure !== undefined) this.#endDeadline();
    pending.answer(failure);
  }

  #take(pending: PendingStep | undefined): void {
    if (this.#pending !== undefined) close(this.#pending);
    this.#pending = pending;
  }

  #isDeferred(offer: Offer): boolean {
    return this.#options.memory.recall(this.#options.component, offer).deferredSeconds > 0;
  }

  #tell(pending: PendingStep): void {
    if (pending.told) return;
    pending.told = true;
    pending.answered = false;
    this.#options.onPlan(this.#plan(pending));
  }

  /** Once for each new reason to wait, not for each look. */
  #say(unmet: readonly Unmet[], first?: string): void {
    const text = [...(first === undefined ? [] : [first]), ...unmet.map(describeUnmet)].join("; ");
    if (text === this.#said) return;
    this.#said = text;
    const { component, deviceName, device } = this.#options;
    device.log("info", "plan", () => `${component}${deviceName === undefined ? "" : `/${deviceName}`} waits: ${text}`);
  }

  #plan(pending: PendingStep): Plan {
    const { component, deviceName, kind, policy, memory, onOver } = this.#options;
    const { step, offer, unmet, asks } = pending;
    const isOpen = (): boolean => this.#pending === pending;
    const deferralsLeft = (): number => Math.max(0, policy.maxDeferrals - memory.deferrals(component, offer));
    return {
      component,
      deviceName,
      kind,
      step,
      sourceVersion: (this.#requirements?.of(offer) ?? offer.requirements)?.sourceVersion,
      version: offer.version,
      size: offer.size,
      text: offer.text,
      unmet,
      asks,
      deferralsLeft: deferralsLeft(),
      accept: () => {
        if (!isOpen()) return;
        memory.accept(component, offer, step);
        close(pending);
        this.#lookIn(0);
      },
      decline: (reason) => {
        if (this.#image?.md5 !== offer.md5 || this.#image.version !== offer.version) return;
        const failure: Failure = { code: "declined", message: String(reason ?? "") };
        memory.decline(component, offer);
        if (isOpen()) this.#answer(failure);
        else onOver(failure);
      },
      defer: ({ seconds }) => {
        if (!isOpen()) return;
        // The number is read anew: the same plan may have been deferred since it was shown.
        if (deferralsLeft() === 0) throw new OtaError("usage", `deferred ${policy.maxDeferrals} times already`);
        if (typeof seconds !== "number" || !(seconds >= 1 && seconds <= LONGEST_SECONDS)) {
          throw new OtaError("usage", `a deferral is 1 to ${LONGEST_SECONDS} seconds`);
        }
        const wholeSeconds = Math.ceil(seconds);
        memory.defer(component, offer, wholeSeconds);
        pending.onDeferred?.(wholeSeconds);
        pending.told = false;
        close(pending);
        this.#lookIn(0);
      },
      closed: () =>
        new Promise((resolve) => (isOpen() && !pending.answered ? pending.closers.push(resolve) : resolve())),
    };
  }
}
