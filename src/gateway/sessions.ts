import type { Clock, Timer } from "../../hal/ports/index.js";
import { askVersion } from "../staging/installation.js";
import { OtaError } from "../errors.js";
import type { MqttSession } from "../mqtt/session.js";
import { encodeUnsubscribe } from "../mqtt/codec.js";
import { encodeOperation } from "../protocol/gateway.js";
import type { DeviceName } from "../protocol/identity.js";
import { updateTopic } from "../protocol/topics.js";
import type { Operations } from "./operations.js";
import type { PublishQueue } from "./publish-queue.js";
import { isSameDevice, type SubDevice } from "./sub-device.js";

export interface SessionsOptions {
  readonly session: Pick<MqttSession, "subscribe" | "send">;
  readonly clock: Clock;
  readonly publishQueue: PublishQueue;
  readonly operations: Operations;
  /** Whether one has to come before the others. */
  isUrgent(sub: SubDevice): boolean;
  /** Whether one is not to be disturbed. */
  isBusy(sub: SubDevice): boolean;
  /** The sub-device is online and subscribed, and was asked for its version. */
  onIntroduced(sub: SubDevice): void;
  onRefused(sub: SubDevice, error: OtaError): void;
}

/** A sub-device on its way from `online` to its version report. */
interface Joining {
  readonly sub: SubDevice;
  asking: Pick<Timer, "cancel"> | undefined;
}

/** Sub-devices in one `offline` message. */
export const FAREWELL_LENGTH = 20;
/** How many sub-devices may be on their way at once. */
const WINDOW = 4;
/** Wait before sub-devices that did not answer, or failed, are checked again. */
const RETRY_MS = 30_000;

/**
 * All sub-devices, and how each is made known to the platform on a new connection: online, its result, SUBSCRIBE,
 * SUBACK, the question for its version. A few at a time, as fast as the publish queue lets them.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #joining: Joining[] = [];
  readonly all: SubDevice[] = [];
  /** Were removed, and the platform is yet to be told. Nothing is made for them before their turn. */
  readonly #gone: SubDevice[] = [];
  #retryTimer: Timer | undefined;
  #open = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  find(name: DeviceName): SubDevice | undefined {
    return this.all.find((sub) => isSameDevice(sub, name));
  }

  open(): void {
    this.#open = true;
  }

  /** The connection is over: to the platform all of them are gone. */
  close(): void {
    this.#open = false;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#gone.length = 0;
    for (const { asking } of this.#joining.splice(0)) asking?.cancel();
    for (const sub of this.all) {
      sub.phase = "offline";
      sub.again = false;
      sub.subscribed = false;
      sub.leaving = false;
    }
  }

  remove(sub: SubDevice): void {
    this.#done(sub);
    this.all.splice(this.all.indexOf(sub), 1);
    if (!this.#open) return;
    if (sub.subscribed) sub.leaving = true;
    this.#gone.push(sub);
    this.#options.publishQueue.run();
  }

  /**
   * Asks the sub-device for its version and reports that. If the platform does not know it as online, that comes first.
   */
  check(sub: SubDevice): void {
    if (sub.phase === "joining" || this.#options.isBusy(sub)) return;
    sub.again = false;
    sub.phase = sub.phase === "refused" || sub.phase === "offline" ? "offline" : "checking";
    this.#options.publishQueue.run();
  }

  /** Checks the sub-device again after a while. */
  retry(sub: SubDevice): void {
    sub.again = true;
    if (!this.#open) return;
    this.#retryTimer ??= this.#options.clock.timer("gateway retry", RETRY_MS, () => {
      this.#retryTimer = undefined;
      for (const other of this.all) if (other.again) this.check(other);
      // Busy ones are left for the next time.
      const left = this.all.find(({ again }) => again);
      if (left !== undefined) this.retry(left);
    });
  }

  /** The platform has bound it. An earlier message that it was unbound may have been lost, so that it joins anew. */
  bound(sub: SubDevice): void {
    // Answers come in any order: the answer to an earlier `online` may still be that it is not bound.
    if (this.#joining.some((joining) => joining.sub === sub && joining.asking === undefined)) {
      sub.again = true;
      return;
    }
    this.#done(sub);
    sub.phase = "offline";
    sub.again = false;
    this.#options.publishQueue.run();
  }

  /** The platform has unbound the sub-device: a check that was planned for it is dropped. */
  unbound(sub: SubDevice): void {
    sub.again = false;
    this.refuse(sub, new OtaError("not-bound", "unbound from this gateway"));
  }

  /** The platform refuses the sub-device. */
  refuse(sub: SubDevice, error: OtaError): void {
    // Messages for it that are on their way are dropped. One message may unbind hundreds: nothing is made for them yet.
    if (sub.subscribed) sub.leaving = true;
    sub.subscribed = false;
    this.#options.publishQueue.run();
    this.#done(sub);
    sub.phase = "refused";
    if (error.code !== "not-bound" || sub.again) this.retry(sub);
    this.#options.onRefused(sub, error);
  }

  /** Begins with the next one. @returns whether there was one, and room for it */
  next(): boolean {
    // This comes first: one that was bound again subscribes after it.
    const leaves = (sub: SubDevice): boolean => sub.leaving;
    const leaving = this.#gone.find(leaves) ?? this.all.find(leaves);
    if (leaving !== undefined) {
      this.#unsubscribe(leaving);
      return true;
    }
    if (this.#gone.length > 0) {
      const { operations, publishQueue } = this.#options;
      publishQueue.send(operations.sending(encodeOperation("offline", this.#gone.splice(0, FAREWELL_LENGTH))));
      return true;
    }
    if (this.#joining.length >= WINDOW) return false;
    const waits = ({ phase }: SubDevice): boolean => phase === "offline" || phase === "checking";
    const sub = this.all.find((one) => waits(one) && this.#options.isUrgent(one)) ?? this.all.find(waits);
    if (sub !== undefined) this.#join(sub);
    return sub !== undefined;
  }

  #join(sub: SubDevice): void {
    const { operations, publishQueue } = this.#options;
    const joining: Joining = { sub, asking: undefined };
    this.#joining.push(joining);
    const known = sub.phase === "checking";
    sub.phase = "joining";
    if (known) {
      this.#askVersion(joining);
      return;
    }
    const sending = operations.ask("online", sub, (error) => {
      if (!this.#joining.includes(joining)) return;
      if (error === undefined) publishQueue.send(() => this.#subscribe(joining));
      else this.refuse(sub, error);
    });
    publishQueue.send(sending);
  }

  #subscribe(joining: Joining): boolean {
    if (!this.#joining.includes(joining)) return true;
    joining.sub.subscribed = true;
    return this.#options.session.subscribe(updateTopic(joining.sub), (granted) => {
      if (!this.#joining.includes(joining)) return;
      if (granted) this.#askVersion(joining);
      else this.refuse(joining.sub, new OtaError("mqtt-refused", "broker refuses the subscription"));
    });
  }

  /** Nobody waits for the UNSUBACK. */
  #unsubscribe(sub: SubDevice): void {
    sub.leaving = false;
    const { session, publishQueue } = this.#options;
    const topic = updateTopic(sub);
    publishQueue.send(() => session.send((packetId) => encodeUnsubscribe(packetId, topic)));
  }

  #askVersion(joining: Joining): void {
    const { sub } = joining;
    const { clock, onIntroduced, publishQueue } = this.#options;
    joining.asking = askVersion(sub.installer, clock, (version) => {
      this.#done(sub);
      sub.version = version;
      sub.phase = version === undefined ? "absent" : "online";
      if (version === undefined) this.retry(sub);
      onIntroduced(sub);
      publishQueue.run();
    });
  }

  #done(sub: SubDevice): void {
    const at = this.#joining.findIndex((joining) => joining.sub === sub);
    for (const { asking } of at < 0 ? [] : this.#joining.splice(at, 1)) asking?.cancel();
  }
}
