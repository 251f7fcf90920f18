import type { Timer } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import type { Offer } from "../protocol/messages.js";
import { loadRecord, OWN_KEY } from "../update/checkpoint.js";
import { isSame } from "../update/machine/moves.js";
import { progressOf } from "../update/machine/progress-of.js";
import { type Guard, guardOf } from "../update/guard.js";
import { Reporter } from "../update/reporter.js";
import type { Event, Image, State } from "../update/machine/types.js";
import { BlockedUpdates } from "./blocked-updates.js";
import { type Component, newComponent } from "./component.js";
import { checkComponent, type ComponentOptions, type ComponentsOptions } from "./options.js";
import { type ComponentVersion, parseWireVersion, wireVersion } from "./wire-version.js";
import { askVersion } from "../staging/installation.js";
import type { Plan } from "../plans/plan.js";
import type { Dependencies } from "../plans/dependencies.js";
import type { PlanGate } from "../plans/gate.js";
import { partitionArea } from "../staging/partition-area.js";
import { AREA_KEY } from "../staging/target.js";
import { StagingQueue } from "../staging/queue.js";
import { FIRMWARE, overEvent } from "../plans/plans.js";

/** Offers that come within this time count as offered together. */
const GATHER_MS = 1_000;

/** The components of a device: their updates come in the order in which they were added, the own firmware's last. */
export class Components {
  readonly #options: ComponentsOptions;
  readonly #all: Component[] = [];
  readonly #offers = new Map<Component, Offer>();
  readonly #blocked: BlockedUpdates;
  /** Bytes that the staging area holds. */
  readonly #capacity: number;
  readonly queue: StagingQueue<Component>;
  /** What the own firmware's update has to do with the components: it comes last. */
  readonly ownDependencies: Dependencies = {
    gatherMs: GATHER_MS,
    awaited: () => this.#busy(),
    ...this.#blocksOf(FIRMWARE),
  };
  #gatherTimer: Timer | undefined;
  #ownTimer: Timer | undefined;

  /** @throws HalError if there is no partition for their images, or storage cannot be read */
  constructor(options: ComponentsOptions) {
    const { device, limits, tls, installTimeoutMs, packages } = options;
    const area = partitionArea(device);
    this.#options = options;
    this.#capacity = area.partition.byteLength;
    this.#blocked = new BlockedUpdates(device);
    this.queue = new StagingQueue<Component>({
      device,
      limits,
      tls,
      installTimeoutMs,
      packages,
      area,
      reporterOf: (component) => this.#reporterOf(component),
      gateOf: (component) => this.#gateOf(component),
      guardOf: (component) => this.#guardOf(component.options),
      onState: (component, state, event) => this.#onState(component, state, event),
      onInstalling: ({ owner }, { version, size }, bytes) =>
        options.onEvent({ component: owner, version, kind: "progress", step: "install", bytes, size }),
      onReported: ({ owner }, version, result) => {
        options.onEvent({ component: owner, version, kind: "result", result });
        this.#reportOwn();
      },
      onAsk: () => this.#reportOwn(),
    });
    for (const key of [OWN_KEY, AREA_KEY]) this.#forgetBlocked(key);
  }

  /** A blocked update is declined once. If its result is stored, a power cut came before its block was removed. */
  #forgetBlocked(recordKey: string): void {
    const record = loadRecord(this.#options.device.store, recordKey);
    if (record?.checkpoint.phase === "reporting") {
      this.#unblock(record.checkpoint.image, record.owner === "" ? FIRMWARE : record.owner);
    }
  }

  /** @throws OtaError `usage` for a wrong setting, or an id that is known already */
  add(options: ComponentOptions): void {
    const { id, dependsOn = [] } = options;
    checkComponent(options, this.#options.separator);
    this.#guardOf(options);
    if (this.#find(id) !== undefined) throw new OtaError("usage", `component ${id} is known already`);
    // A misspelt id, or one that is added later, would never block anything.
    const missing = dependsOn.find((other) => this.#find(other) === undefined);
    if (missing !== undefined) {
      throw new OtaError("usage", `component ${id}: dependsOn names ${missing}, which is not added before it`);
    }
    this.#all.push(newComponent(options));
  }

  /** Connected, and not on trial. */
  connected(): void {
    this.queue.open();
    for (const component of this.#all) {
      this.#askVersion(component, () => {
        if (this.queue.arrived(component)) this.#reportOwn();
      });
    }
  }

  /** A component is asked one question at a time: the bus to it may not take two. */
  #askVersion(component: Component, onEnded: () => void): void {
    const isAsked = component.listeners !== undefined;
    (component.listeners ??= []).push(onEnded);
    if (isAsked) return;
    askVersion(component.installer, this.#options.device.clock, (version) => {
      if (typeof component.options.version !== "string") component.version = version;
      const { listeners = [] } = component;
      component.listeners = undefined;
      for (const listener of listeners) listener();
    });
  }

  disconnected(): void {
    this.queue.close();
  }

  stop(): void {
    this.#gatherTimer?.cancel();
    this.#ownTimer?.cancel();
    this.queue.stop();
  }

  /** @returns whether the offer is for a component */
  onOffer(offer: Offer): boolean {
    const named = this.#named(offer.version);
    const component = this.#find(named?.component ?? offer.requirements?.component ?? "");
    if (component === undefined) return false;
    this.#offers.set(component, { ...offer, version: named?.version ?? offer.version });
    if (!this.#dropRepeated(component)) this.#gather(GATHER_MS);
    return true;
  }

  /** Whether a version on the wire is one that a component runs, or is about to. */
  isAbout(wire: string): boolean {
    const named = this.#named(wire);
    const component = this.#find(named?.component ?? "");
    return (
      named !== undefined &&
      component !== undefined &&
      (this.#offers.get(component)?.version === named.version || this.queue.isAbout(component, named.version))
    );
  }

  #named(wire: string): ComponentVersion | undefined {
    return parseWireVersion(
      wire,
      this.#all.map(({ owner }) => owner),
      this.#options.separator,
    );
  }

  /**
   * The platform repeats its offer until it has the result. A repeated offer of the image whose job is about to end
   * must not begin a new job.
   */
  #dropRepeated(component: Component): boolean {
    const offer = this.#offers.get(component);
    return (
      component.ending !== undefined &&
      offer !== undefined &&
      isSame(component.ending, offer) &&
      this.#offers.delete(component)
    );
  }

  #gather(delayMs: number): void {
    this.#gatherTimer ??= this.#options.device.clock.timer("components", delayMs, () => this.#gathered());
  }

  /** The plan of a component's update that is under way. */
  current(): Plan | undefined {
    return this.#all.find((component) => this.queue.serves(component))?.gate?.current();
  }

  /** @returns id of a component whose update is under way, or about to begin */
  #busy(): string | undefined {
    return this.#all.find((component) => this.#offers.has(component) || component.state !== "idle")?.owner;
  }

  /** What blocks updates of one owner. It holds for updates that were offered together, also through a restart. */
  #blocksOf(owner: string): Pick<Dependencies, "blocked" | "unblock"> {
    return {
      blocked: (offer) => {
        const component = this.#blocked.find(owner, offer);
        return component === undefined ? undefined : `${component} failed`;
      },
      unblock: (offer) => this.#unblock(offer, owner),
    };
  }

  #unblock(image: Image, owner: string): void {
    this.#attempt(() => this.#blocked.remove(owner, image));
  }

  #gathered(): void {
    this.#gatherTimer = undefined;
    for (const component of this.#all) {
      const offer = this.#offers.get(component);
      // One at a time: the queue would prefer a component whose image is in the area already, and change the order.
      if (offer === undefined || (component.state === "idle" && this.#all.some(({ state }) => state !== "idle"))) {
        continue;
      }
      this.#offers.delete(component);
      // The platform offers what runs already: it does not know the version.
      if (offer.version === component.version && !this.queue.serves(component)) this.#sayVersion(component);
      else this.queue.offered(component, offer);
    }
  }

  #sayVersion(component: Component): void {
    this.#reporterOf(component).version(component.version as string, () => this.#reportOwn());
  }

  /** In a turn of its own: a call from inside the MQTT parser leaves little stack on a chip. */
  #reportOwn(): void {
    this.#ownTimer ??= this.#options.device.clock.timer("own version", 0, () => {
      this.#ownTimer = undefined;
      this.#options.reportOwn();
    });
  }

  #onState(component: Component, state: State | undefined, event: Event | undefined): void {
    const from = component.state;
    const { owner } = component;
    const to = state?.name ?? "queued";
    component.state = to;
    component.ending = state?.name === "applying" || state?.name === "reporting" ? state.image : undefined;
    this.#dropRepeated(component);
    if (to === "idle" && this.#offers.size > 0) this.#gather(0);
    if (to !== from) this.#options.onEvent({ component: owner, version: component.version, kind: "state", state: to });
    if (state === undefined) return;
    this.#options.plans.noteStep(owner, from === "queued" ? "idle" : from, state, event);
    if (state.name === "reporting" && from !== "reporting") {
      if (state.result.outcome === "done") this.#attempt(() => this.#blocked.lift(owner));
      else this.#block(component);
    }
    const progress = progressOf(state, event);
    if (progress !== undefined) {
      this.#options.onEvent({ component: owner, kind: "progress", step: "download", ...progress });
    }
  }

  /** Updates that were offered with the failed one, and depend on it, are not installed. */
  #block({ owner }: Component): void {
    for (const other of this.#all) {
      const offer = other.options.dependsOn?.includes(owner) === true ? this.#offers.get(other) : undefined;
      if (offer !== undefined) this.#attempt(() => this.#blocked.add(other.owner, offer, owner));
    }
    const own = this.#options.ownOffer();
    if (own !== undefined) this.#attempt(() => this.#blocked.add(FIRMWARE, own, owner));
  }

  /** If the store fails, blocks hold until the next boot. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#options.device.log("error", "update", () => describeError(error));
    }
  }

  #guardOf({ id, sealed }: ComponentOptions): Guard | undefined {
    return guardOf(this.#options.guards, { owner: id, product: id, required: sealed === true });
  }

  #gateOf(component: Component): PlanGate {
    const { owner, options } = component;
    const { plans } = this.#options;
    // Nothing is awaited here: `#gathered` keeps the order of the components.
    const dependencies: Dependencies = { gatherMs: 0, awaited: () => undefined, ...this.#blocksOf(owner) };
    component.gate = plans.gate({
      component: owner,
      kind: options.kind ?? "mcu",
      capacity: this.#capacity,
      minBatteryPercent: options.minBatteryPercent,
      runningVersion: () => component.version,
      askVersion: (onEnded) =>
        this.#askVersion(component, () => {
          if (component.version !== undefined && this.queue.arrived(component)) this.#reportOwn();
          onEnded();
        }),
      dependencies: () => dependencies,
      onOver: (failure) => this.queue.dispatch(component, overEvent(failure)),
    });
    return component.gate;
  }

  #reporterOf({ owner }: Component): Reporter {
    const { session, name, device, separator } = this.#options;
    const versionPrefix = wireVersion({ component: owner, version: "" }, separator);
    return new Reporter({ session, device: name, log: device.log, versionPrefix, isOnline: () => true });
  }

  #find(id: string): Component | undefined {
    return this.#all.find(({ owner }) => owner === id);
  }
}
