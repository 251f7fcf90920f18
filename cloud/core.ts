import type { FaultList } from "./faults/fault-list.js";
import type { FileSource } from "./files/file-server.js";
import { type FileUrls, ownFileUrls } from "./files/file-urls.js";
import type { HistoryRecorder } from "./history/recorder.js";
import { type StoredBrowserSessions, storedBrowserSessions } from "./operator/browser-sessions.js";
import { Desk } from "./operator/desk.js";
import type { OperatorContext } from "./operator/context.js";
import { atRest, type Condition } from "./operator/health.js";
import { FleetOperator } from "./operator/operator.js";
import { requestTransactions } from "./operator/request-transactions.js";
import type { GatewayFaults } from "./platform/gateway-faults.js";
import { Platform } from "./platform/platform.js";
import { OwnPresence, type Presence } from "./platform/presence.js";
import { Sessions } from "./platform/sessions.js";
import type { Reachable } from "./rollout/offers.js";
import { type CloudInProcess, followBoth, type Processes } from "./processes/processes.js";
import { SharedPresence } from "./processes/shared-presence.js";
import { localTeller, type Signal, type SignalTeller, storedTeller } from "./processes/signal.js";
import { Journal } from "./rollout/journal.js";
import { PlanTermsCache } from "./rollout/plan-records.js";
import type { Rollout } from "./rollout/rollout.js";
import type { VariantMaker } from "./rollout/variant-maker.js";
import { storedFiles } from "./rollout/served-files.js";
import { type OpenOptions, type OpenState, openState } from "./state.js";
import { Term } from "./term.js";

/** What a core needs from the servers around it. */
export interface CoreOptions {
  readonly state: OpenState;
  readonly urlLifetimeSec: number;
  fileBase(): string | undefined;
  publish(topic: string, payload: string): void;
  /** Whether a device is connected and subscribed to its updates. */
  isOnline(device: Reachable, sessions: Sessions): boolean;
  endDownloads(taskId: number): void;
  /** What is known of who is connected. Default: what the own broker sees. */
  presence?(core: Pick<Core, "sessions" | "notify">): Presence;
  readonly gatewayFaults?: GatewayFaults | undefined;
  readonly faults?: FaultList | undefined;
  readonly condition?: Condition | undefined;
  /** This process beside others, if there can be others. */
  readonly processes?: Processes | undefined;
  onProblem?(line: string): void;
}

/** The cloud without its servers: platform, rollout and operator on one state. */
export class Core {
  readonly state: OpenState;
  readonly journal: Journal;
  readonly sessions = new Sessions({ onPresence: () => this.notify("presence") });
  readonly presence: Presence;
  readonly platform: Platform;
  readonly operator: FleetOperator;
  readonly desk: Desk;
  readonly browserSessions: StoredBrowserSessions;
  readonly files: FileSource;
  readonly #options: CoreOptions;
  readonly #terms = new PlanTermsCache();
  readonly #urls: FileUrls;
  #term: Term;

  constructor(options: CoreOptions) {
    const { state, urlLifetimeSec, faults, gatewayFaults, processes } = options;
    const { transactions, signingKey } = state;
    const { sessions } = this;
    const rollout = (): Rollout => this.rollout;
    const variants = (): VariantMaker => this.variants;
    this.#options = options;
    this.state = state;
    this.journal = new Journal({ onStored: processes === undefined ? undefined : () => processes.noteStored() });
    const isOnline = (device: Reachable): boolean => options.isOnline(device, sessions);
    const own = new OwnPresence({ sessions, isOnline });
    this.presence = options.presence?.(this) ?? (processes === undefined ? own : new SharedPresence(own, processes));
    // Without a store, this cloud's own server serves the files.
    this.#urls = state.urls ?? ownFileUrls({ signingKey, fileBase: () => options.fileBase() });
    // With a folder, the process that has it leads.
    this.#term = this.#newTerm(state.store.server === undefined);
    this.platform = new Platform({
      transactions,
      get rollout() {
        return rollout();
      },
      sessions,
      publish: (topic, payload) => options.publish(topic, payload),
      gatewayFaults,
    });
    const context: OperatorContext = {
      transactions: requestTransactions(transactions),
      get rollout() {
        return rollout();
      },
      platform: this.platform,
      sessions,
      files: state.files,
      urls: this.#urls,
      get variants() {
        return variants();
      },
      urlLifetimeSec,
      faults,
      presence: this.presence,
      signals: this.#teller(),
      leaderFaults: () => (processes?.isLeading === false ? processes.facts?.faults : undefined),
      follow: (listener) => followBoth(this.journal, processes, listener),
    };
    this.operator = new FleetOperator(
      context,
      options.condition ?? atRest(() => state.store.health),
      // What it has begun ends first: no other process would do it at once.
      options.condition === undefined ? () => this.rollout.idle().then(() => this.close()) : undefined,
    );
    this.desk = new Desk(this.operator, { name: "ota-cloud", origin: "local" });
    this.browserSessions = storedBrowserSessions(context);
    this.files = storedFiles({
      transactions,
      terms: this.#terms,
      files: state.files,
      urls: this.#urls,
      urlLifetimeSec,
      signingKey,
    });
  }

  get rollout(): Rollout {
    return this.#term.rollout;
  }

  get variants(): VariantMaker {
    return this.#term.variants;
  }

  get recorder(): HistoryRecorder {
    return this.#term.recorder;
  }

  /** Reports to those who follow the cloud that something changed which is not stored. */
  notify(kind: "presence" | "health" | "faults"): void {
    this.journal.notify({ kind });
  }

  /** Begins to carry out what is decided. */
  start(): Promise<void> {
    return this.#term.start();
  }

  /** Takes note of what an operator has changed. @param id of a signal that was stored; 0 if it comes from here */
  onSignal(signal: Signal, id: number): void {
    const { faults } = this.#options;
    switch (signal.do) {
      case "binding-changed": {
        if (!this.#leads) return;
        const { gateway, subDevice, bound } = signal;
        if (bound) this.sessions.bound(subDevice, gateway);
        else this.sessions.unbound(subDevice, gateway);
        this.platform.gateways.change(gateway, subDevice, bound);
        return;
      }
      case "device-removed":
        this.platform.secrets.forget(signal.device);
        this.sessions.revoke(signal.device);
        return;
      case "sign-in-ended":
        this.browserSessions.onEnded(signal);
        return;
      case "fault-added":
        if (id !== 0) faults?.add(signal.fault, id);
        return;
      case "faults-cleared":
        for (const { id: each } of faults?.list() ?? []) {
          if (signal.id === undefined || signal.id === each) faults?.clear(each);
        }
    }
  }

  /** What the processes on one database need of this one, but for what its servers do. */
  inProcess(): Pick<
    CloudInProcess,
    "journal" | "events" | "productOf" | "onSignal" | "onCondition" | "onLeaderFaults"
  > {
    const { tables } = this.state.transactions;
    return {
      journal: this.journal,
      events: (filter, page) => this.operator.events(filter, page),
      productOf: async (planId) => {
        const plan = await tables.plans.byId(planId);
        return plan === undefined ? undefined : (await tables.products.byId(plan.productId))?.productId;
      },
      onSignal: (signal, id) => this.onSignal(signal, id),
      onCondition: () => this.notify("health"),
      onLeaderFaults: () => this.notify("faults"),
    };
  }

  /** With a database: this process leads, once {@link start} is called. */
  async lead(): Promise<void> {
    await this.#replaceTerm(true);
  }

  /** With a database: this process leads no more. */
  async standDown(): Promise<void> {
    await this.#replaceTerm(false);
    this.sessions.clear();
  }

  /** Ends the rollout, and releases the state. */
  async close(): Promise<void> {
    await this.#term.close();
    await this.state.store.close();
  }

  get #leads(): boolean {
    return this.state.store.server === undefined || this.#options.processes?.isLeading === true;
  }

  #teller(): SignalTeller {
    const { processes, state } = this.#options;
    if (processes !== undefined) return processes.signals;
    if (state.store.server !== undefined)
      return storedTeller(
        () => {},
        async () => {},
      );
    return localTeller((signal) => this.onSignal(signal, 0));
  }

  async #replaceTerm(leads: boolean): Promise<void> {
    const before = this.#term;
    this.#term = this.#newTerm(leads);
    await before.close();
  }

  #newTerm(leads: boolean): Term {
    const options = this.#options;
    const { state, urlLifetimeSec, faults } = options;
    return new Term({
      leads,
      journal: this.journal,
      terms: this.#terms,
      transactions: state.transactions,
      files: state.files,
      urlLifetimeSec,
      urls: this.#urls,
      faults,
      isOnline: (device) => options.isOnline(device, this.sessions),
      isPresenceUnknown: (device) => this.presence.of(device) === null,
      publish: (topic, payload) => options.publish(topic, payload),
      endDownloads: (taskId) => options.endDownloads(taskId),
      online: (productId) => this.presence.count(productId),
      onProblem: (line) => options.onProblem?.(line),
    });
  }
}

/** Opens a state that no cloud runs on: its devices are away, and what it decides is done when a cloud runs. */
export async function openAtRest(folder: string, options: OpenOptions = {}): Promise<Core> {
  const state = await openState(folder, options);
  const core = new Core({
    state,
    urlLifetimeSec: state.urlLifetimeSec,
    fileBase: () => undefined,
    publish: () => {},
    isOnline: () => false,
    endDownloads: () => {},
  });
  await core.rollout.reload();
  return core;
}
