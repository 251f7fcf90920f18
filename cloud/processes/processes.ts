import { hostname } from "node:os";
import type { PresenceCall } from "../hooks/calls.js";
import type { Change, EventView, Operator } from "../operator/types.js";
import type { Journal } from "../rollout/journal.js";
import type { FleetStore, StoreServer } from "../store/fleet-store.js";
import type { Lease } from "../store/postgres/leadership.js";
import { StorageError } from "../store/storage-error.js";
import { type LeaderFacts, readFacts } from "./facts.js";
import { Feed } from "./feed.js";
import { Membership } from "./membership.js";
import { Notices } from "./notices.js";
import { type Signal, type SignalTeller, storedTeller } from "./signal.js";

/** What a process does: all of it, only the messages of devices, or only requests of operators. */
export type Role = "all" | "ingest" | "api";

export interface ProcessesOptions {
  readonly store: FleetStore;
  readonly server: StoreServer;
  readonly role: Role;
  /** The clock of this process, in milliseconds since 1970. */
  now(): number;
  /** Called with one line when this process begins to lead, and when it stops. */
  onStanding(line: string): void;
}

/** What the processes need of the cloud in this one. */
export interface CloudInProcess {
  readonly journal: Journal;
  readonly events: Operator["events"];
  /** @returns the product of a plan, as it is named on the wire */
  productOf(planId: number): Promise<string | undefined>;
  facts(): LeaderFacts;
  lead(): Promise<void>;
  standDown(): Promise<void>;
  /** Before the lead is handed over: waits until what was taken in is stored, but not longer than this. */
  drain(timeoutMs: number): Promise<void>;
  onSignal(signal: Signal, id: number): void;
  /** A broker has told another process who is connected. */
  onPresence(call: PresenceCall): void;
  /** What a broker has told another process may have been missed. */
  onPresenceMissed(): void;
  /** Another process leads than before: what only a leader is told may have been missed. */
  onOtherLeader(): void;
  /** Others have written: what is kept in memory may not hold any more. */
  onOthersWrote(): void;
  /** What the health of the cloud says may be another. */
  onCondition(): void;
  /** The leader, which is another process, has faults that it did not have before, or has lost some. */
  onLeaderFaults(): void;
}

/** No leader has been seen for so long that people are to know of it: a change of the leader takes less. */
const MISSING_MS = 10_000;

/** This process beside others on one database: who leads, what the others have written, and what they are told. */
export class Processes {
  readonly signals: SignalTeller;
  readonly #options: ProcessesOptions;
  readonly #membership: Membership;
  #cloud: CloudInProcess | undefined;
  #feed: Feed | undefined;
  #notices: Notices | undefined;
  #facts: LeaderFacts | undefined;
  #seenAtMs: number;
  #hadLeader = true;
  #epoch: number | undefined;

  constructor(options: ProcessesOptions) {
    const { server, role } = options;
    this.#options = options;
    this.#seenAtMs = options.now();
    this.signals = storedTeller(
      () => this.noteStored(),
      async (id) => this.#feed?.taken(id),
    );
    this.#membership = new Membership({
      url: server.url,
      turn: server.turn,
      name: `${hostname()}:${process.pid}`,
      mayLead: role !== "api",
      now: () => options.now(),
      facts: () => JSON.stringify(this.#cloud?.facts() ?? {}),
      lead: async () => this.#cloud?.lead(),
      standDown: async () => {
        const refuse = (): void => options.store.refuseWaiting(new StorageError("superseded", undefined, "server"));
        refuse();
        try {
          await this.#cloud?.standDown();
        } finally {
          // What was begun, or came, as long as this process led must not find itself beside the next leader.
          refuse();
          await options.store.written();
        }
      },
      onLease: (lease) => this.#onLease(lease),
      onNotice: (payload) => this.#notices?.take(payload),
      onNoticesMissed: () => this.#cloud?.onPresenceMissed(),
      onOthers: () => this.#feed?.poke(),
      onOthersWrote: () => {
        this.#cloud?.onOthersWrote();
        this.#feed?.poke();
      },
      onStanding: (line) => options.onStanding(line),
      onStorage: (error) => this.#onStorage(error),
    });
  }

  get isLeading(): boolean {
    return this.#membership.isLeading;
  }

  /** What the leader has told last. */
  get facts(): LeaderFacts | undefined {
    return this.#facts;
  }

  /** Since when no process leads, in milliseconds since 1970; `undefined` if one does, or did lately. */
  get leaderlessSinceMs(): number | undefined {
    if (this.isLeading || this.nowMs() - this.#seenAtMs < MISSING_MS) return undefined;
    return this.#seenAtMs;
  }

  /** By the clock of the database, in milliseconds since 1970. */
  nowMs(): number {
    return this.#membership.nowMs();
  }

  /** To be called after a commit that others, or those who follow the events, have to look at. */
  noteStored(): void {
    this.#notices?.wrote();
    this.#feed?.poke();
  }

  /** Reads the events from the database while somebody follows them. @returns how to end it */
  follow(): () => void {
    return this.#feed?.follow() ?? (() => {});
  }

  /** Takes the lead if nobody has it, and watches. @throws StorageError, or what the cloud's `lead` rejects with */
  async start(cloud: CloudInProcess): Promise<void> {
    const { journal } = cloud;
    const { tables } = this.#options.store;
    this.#cloud = cloud;
    this.#notices = new Notices({
      name: `${hostname()}:${process.pid}:${Math.random()}`,
      journal,
      send: (payload) => this.#membership.send(payload),
      onPresence: (call) => cloud.onPresence(call),
      onOthers: () => this.#feed?.poke(),
    });
    this.#feed = new Feed({
      tables,
      journal,
      eventsAfter: (id, limit) => eventsAfter(cloud, id, limit),
      onSignal: (signal, id) => cloud.onSignal(signal, id),
      onOthersWrote: () => cloud.onOthersWrote(),
    });
    await this.#feed.start();
    await this.#membership.start();
  }

  /** Passes on what a broker has told this process. */
  tellPresence(call: PresenceCall): void {
    this.#notices?.tellPresence(call);
  }

  /** Gives the lead to another process, once what was taken in is stored. @param drainMs how long that may take */
  async handOver(drainMs: number): Promise<void> {
    if (this.isLeading) await this.#cloud?.drain(drainMs);
    await this.#membership.handOver();
  }

  async close(): Promise<void> {
    this.#notices?.close();
    await this.#feed?.close();
    await this.#membership.close();
  }

  #onLease({ isHeld, epoch, facts, nowMs }: Lease): void {
    if (isHeld) {
      this.#seenAtMs = nowMs;
      if (this.#epoch !== undefined && this.#epoch !== epoch) this.#cloud?.onOtherLeader();
      this.#epoch = epoch;
      this.#takeFacts(readFacts(facts));
    }
    const hasLeader = this.leaderlessSinceMs === undefined;
    if (hasLeader !== this.#hadLeader) this.#cloud?.onCondition();
    this.#hadLeader = hasLeader;
  }

  #takeFacts(facts: LeaderFacts | undefined): void {
    if (facts === undefined) return;
    const before = this.#facts;
    this.#facts = facts;
    if (!this.isLeading && faultIds(before) !== faultIds(facts)) this.#cloud?.onLeaderFaults();
  }

  #onStorage(error: StorageError | undefined): void {
    const { store } = this.#options;
    if (error !== undefined) store.noteHealth(error);
    // A write that was refused has to succeed itself before it is over; that the server cannot be reached, has not.
    else if (!store.health.ok && (store.health.code === "lost" || store.health.code === "connections")) {
      store.noteHealth(undefined);
    }
  }
}

function faultIds(facts: LeaderFacts | undefined): string {
  return facts?.faults.map(({ id }) => id).join() ?? "";
}

async function eventsAfter(
  { events, productOf }: CloudInProcess,
  after: number,
  limit: number,
): Promise<{ event: EventView; productId?: string }[]> {
  const { items } = await events({}, { after, limit, order: "oldest" });
  const found: { event: EventView; productId?: string }[] = [];
  for (const event of items) {
    const productId =
      event.device?.productId ?? (event.planId === undefined ? undefined : await productOf(event.planId));
    found.push({ event, ...(productId === undefined ? {} : { productId }) });
  }
  return found;
}

/** @returns a listener of changes that also keeps the feed of events running, and how to end both */
export function followBoth(
  journal: Journal,
  processes: Processes | undefined,
  listener: (change: Change) => void,
): () => void {
  const stop = journal.follow(listener);
  const end = processes?.follow();
  return () => {
    stop();
    end?.();
  };
}
