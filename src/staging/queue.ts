import type { Timer } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import type { Offer } from "../protocol/messages.js";
import { loadRecord } from "../update/checkpoint.js";
import type { UpdateDriver } from "../update/driver.js";
import type { Event, Image, State } from "../update/machine/types.js";
import { versionOf } from "../update/machine/version-of.js";
import { hasBytesOf, OFFER_LIMIT, type Recipient, share, type SharedOffer } from "./recipient.js";
import { FirmwareTurn } from "./firmware-turn.js";
import { createStagedJob, isPreemptible, type StagedJobOptions } from "./job.js";
import { AREA_KEY } from "./target.js";

export interface StagingQueueOptions<Whom extends Recipient> extends StagedJobOptions<Whom> {
  /** @param state `undefined` if the recipient waits for its turn */
  onState(recipient: Whom, state: State | undefined, event: Event | undefined): void;
  /** The recipient's version is to be reported, so that the platform offers the image again. */
  onAsk(recipient: Whom): void;
}

interface Job<Whom> {
  readonly recipient: Whom;
  readonly driver: UpdateDriver;
}

/** How long the owner of an unfinished job is waited for after a restart. */
const OWNER_WAIT_MS = 60_000;

/**
 * Images for others than the own firmware, one job at a time. First in, first out; but recipients of the image that is
 * in the area come before it is erased. The own firmware's update takes its turn among them.
 */
export class StagingQueue<Whom extends Recipient> {
  readonly #options: StagingQueueOptions<Whom>;
  readonly #order: Whom[] = [];
  #job: Job<Whom> | undefined;
  #open = false;
  /** Owner of the job that a restart has cut. Until it comes, its image keeps its place in the area. */
  #awaited: string | undefined;
  #awaitTimer: Timer | undefined;
  #turnTimer: Timer | undefined;
  /** Whose offer was asked for again. */
  #asked: Whom | undefined;
  /** The own firmware's turn among the others. */
  readonly firmware = new FirmwareTurn({ makeRoom: () => this.#putAside(), onEnded: () => this.#later() });

  /** Reads what an earlier boot left. @throws HalError if storage cannot be read */
  constructor(options: StagingQueueOptions<Whom>) {
    this.#options = options;
    const record = loadRecord(options.device.store, AREA_KEY);
    if (record?.checkpoint.phase === "applying" || record?.checkpoint.phase === "reporting") {
      this.#awaited = record.owner;
    }
  }

  /** Owner of the job that a restart has cut, until it comes. */
  get awaited(): string | undefined {
    return this.#awaited;
  }

  /** Whether its job is under way. */
  serves(recipient: Whom): boolean {
    return this.#job?.recipient === recipient;
  }

  /** Whether it waits for its turn. */
  holds(recipient: Whom): boolean {
    return this.#order.includes(recipient);
  }

  /** Whether the recipient runs the version, waits for it, or has a job of it under way. */
  isAbout(recipient: Whom, version: string): boolean {
    const job = this.serves(recipient) ? this.#job : undefined;
    const known = [recipient.version, recipient.offer?.version, job && versionOf(job.driver.state)];
    return known.includes(version);
  }

  /** Hands an event to the recipient's job, if that is under way. */
  dispatch(recipient: Whom, event: Event): void {
    if (this.#job?.recipient === recipient) this.#job.driver.dispatch(event);
  }

  /** Connected: jobs may begin. */
  open(): void {
    this.#open = true;
    if (this.#awaited !== undefined) {
      this.#awaitTimer ??= this.#options.device.clock.timer("staging owner", OWNER_WAIT_MS, () =>
        this.#came(this.#awaited),
      );
    }
    this.#later();
  }

  /** Not connected: what is under way goes on, nothing new begins. */
  close(): void {
    this.#open = false;
    this.#asked = undefined;
  }

  stop(): void {
    this.#open = false;
    this.#job?.driver.stop();
    this.#awaitTimer?.cancel();
    this.#turnTimer?.cancel();
  }

  /** The platform offers an image for somebody. */
  offered(recipient: Whom, offer: Offer): void {
    const shared = share(offer, this.#shared());
    if (this.#asked === recipient) this.#asked = undefined;
    const job = this.#job;
    if (job?.recipient === recipient) {
      if (recipient.offer === shared || !isPreemptible(job.driver.state) || !this.#isWanted(recipient.offer)) {
        recipient.offer = shared;
        job.driver.dispatch({ type: "offer-received", offer });
        return;
      }
      // The other recipients of the image that is being downloaded come first.
      job.driver.stop();
      this.#job = undefined;
    }
    recipient.offer = shared;
    if (!this.holds(recipient)) {
      this.#order.push(recipient);
      this.#options.onState(recipient, undefined, undefined);
    }
    this.#later();
  }

  /**
   * A recipient is online on this connection. @returns whether its job reports its version
   */
  arrived(recipient: Whom): boolean {
    const job = this.#job;
    if (job?.recipient === recipient) {
      job.driver.runningVersion = recipient.version;
      job.driver.dispatch({ type: "online" });
      return true;
    }
    if (this.#awaited !== recipient.owner || job !== undefined) return false;
    this.#came(recipient.owner);
    return this.#begin(recipient, { type: "online" });
  }

  /** A recipient was removed. Its image stays in the area, for others or for its return. */
  left(recipient: Whom): void {
    const at = this.#order.indexOf(recipient);
    if (at >= 0) this.#order.splice(at, 1);
    recipient.offer = undefined;
    if (this.#asked === recipient) this.#asked = undefined;
    if (this.#job?.recipient === recipient) {
      this.#job.driver.stop();
      this.#job = undefined;
    }
    this.#came(recipient.owner);
  }

  /** The next job, in a turn of its own. */
  #later(): void {
    this.#turnTimer ??= this.#options.device.clock.timer("staging", 0, () => {
      this.#turnTimer = undefined;
      this.#next();
    });
  }

  #next(): void {
    const job = this.#job;
    if (job?.driver.state.name === "idle") {
      job.driver.stop();
      this.#job = undefined;
      job.recipient.offer = undefined;
    }
    this.firmware.takeIfFree();
    if (this.#job !== undefined || this.firmware.hasTurn || !this.#open || this.#awaited !== undefined) return;
    const next = this.#pick();
    if (next !== undefined) {
      this.#order.splice(this.#order.indexOf(next), 1);
      this.#begin(next, { type: "offer-received", offer: { ...(next.offer as Offer) } });
    }
    this.#ask();
  }

  /** Stops a job that is not installing yet, and puts it at the head of the queue. @returns whether the area is free */
  #putAside(): boolean {
    const job = this.#job;
    if (job === undefined) return true;
    if (!isPreemptible(job.driver.state)) return false;
    job.driver.stop();
    this.#job = undefined;
    this.#order.unshift(job.recipient);
    this.#options.onState(job.recipient, undefined, undefined);
    return true;
  }

  #pick(): Whom | undefined {
    const staged = this.#staged();
    const offered = this.#order.filter(({ offer }) => offer !== undefined);
    return offered.find(({ offer }) => hasBytesOf(offer as SharedOffer, staged)) ?? offered[0];
  }

  #staged(): Image | undefined {
    try {
      return loadRecord(this.#options.device.store, AREA_KEY)?.checkpoint.image;
    } catch {
      return undefined;
    }
  }

  #begin(recipient: Whom, first: Event): boolean {
    const options = this.#options;
    let driver: UpdateDriver;
    try {
      driver = createStagedJob(options, recipient, (state, event) => {
        options.onState(recipient, state, event);
        // The end of this job lets the next one begin. The end of an installation lets the own firmware take its turn,
        // even if this job goes on with another image.
        if (state.name === "idle" || (this.firmware.waits && isPreemptible(state))) this.#later();
      });
    } catch (error) {
      options.device.log("error", "staging", () => describeError(error));
      return false;
    }
    this.#job = { recipient, driver };
    driver.start();
    // Its result was never acknowledged: the recipient was away, and the connection lasted. The result is sent again.
    if (driver.state.name === "reporting" && first.type !== "online") driver.dispatch({ type: "online" });
    driver.dispatch(first);
    this.#later();
    return true;
  }

  /** Asks once more for an offer that did not fit into the queue, as soon as there is room. */
  #ask(): void {
    if (this.#asked !== undefined || this.#shared().size >= OFFER_LIMIT) return;
    this.#asked = this.#order.find(({ offer }) => offer === undefined);
    if (this.#asked !== undefined) this.#options.onAsk(this.#asked);
  }

  #shared(): Set<SharedOffer> {
    const offers = new Set<SharedOffer>();
    if (this.#job?.recipient.offer !== undefined) offers.add(this.#job.recipient.offer);
    for (const { offer } of this.#order) if (offer !== undefined) offers.add(offer);
    return offers;
  }

  #isWanted(offer: SharedOffer | undefined): boolean {
    return (
      offer !== undefined && this.#order.some((other) => other.offer !== undefined && hasBytesOf(other.offer, offer))
    );
  }

  #came(owner: string | undefined): void {
    if (this.#awaited === owner) {
      this.#awaited = undefined;
      this.#awaitTimer?.cancel();
    }
    this.#later();
  }
}
