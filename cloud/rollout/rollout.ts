import { StorageError } from "../store/storage-error.js";
import type { Package, Task } from "../store/schema.js";
import { ActivePlans } from "./active-plans.js";
import { Background } from "./background.js";
import { DeviceReports } from "./device-reports.js";
import { Journal } from "./journal.js";
import { Matchers } from "./matchers.js";
import { Offers, type OffersOptions, type Reachable } from "./offers.js";
import { PackageDispatch } from "./package-dispatch.js";
import { PlanDispatch } from "./plan-dispatch.js";
import { planState, PlanTermsCache } from "./plan-records.js";
import { PlanTasks } from "./plan-tasks.js";
import { Pusher } from "./pusher.js";
import { type NamedDevice, TaskDispatch } from "./task-dispatch.js";
import { ProductComponents } from "./product-components.js";
import { Sending } from "./sending.js";
import { Turns } from "./turns.js";
import { Verification } from "./verification.js";
import type { Transactions, Work } from "./work.js";

export interface RolloutOptions extends Omit<OffersOptions, "onUndelivered" | "onAsked"> {
  readonly transactions: Transactions;
  /** Default: one of its own. */
  readonly journal?: Journal | undefined;
  /** Default: one of its own. */
  readonly terms?: PlanTermsCache | undefined;
  /**
   * Whether this process carries out what is decided. If it does not, what it decides is stored as left to do, for the
   * process that does. Default: yes.
   */
  readonly leads?: boolean | undefined;
  /** The downloads of a task must end. */
  endDownloads(taskId: number): void;
  /** Whether nobody says if this device is connected. Default: that is always known. */
  isPresenceUnknown?(device: Reachable): boolean;
  /** Called with one line about something that went wrong in the background. */
  onProblem?(line: string): void;
}

const TICK_MS = 250;
/** Tasks that one transaction treats, so that devices are answered in between. */
const PIECE = 200;
const MATCH_INTERVAL_MS = 600_000;
/** After a failure in the background, what is left to do is begun anew this much later. */
const AGAIN_MS = 5000;

/** Carries out what `fleet` decides: it matches, offers, waits and counts. */
export class Rollout {
  readonly journal: Journal;
  readonly terms: PlanTermsCache;
  readonly matchers = new Matchers();
  readonly components = new ProductComponents();
  readonly active = new ActivePlans();
  readonly offers: Offers;
  readonly tasks: TaskDispatch;
  readonly plans: PlanDispatch;
  readonly packages: PackageDispatch;
  readonly verification: Verification;
  readonly turns: Turns;
  readonly reports: DeviceReports;
  readonly #options: RolloutOptions;
  readonly #transactions: Transactions;
  readonly #background = new Background((error) => this.#failed(error));
  /** Not behind the making of a plan's tasks, so that the first of them go while the others are made. */
  readonly #reloads = new Background((error) => this.#failed(error));
  /** The end of downloads that a stop wants waits for no other plan's tasks. */
  readonly #urgent = new Background((error) => this.#failed(error));
  readonly #pusher: Pusher;
  readonly #sending: Sending;
  readonly #planTasks: PlanTasks;
  /** Plans whose results are to be counted. */
  readonly #toCount = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  /** The tick that is under way. */
  #ticking: Promise<void> | undefined;
  #nextMatchMs = 0;
  /** When what failed is begun anew; 0 if nothing failed. */
  #againAtMs = 0;
  #closed = false;
  readonly #stopFollowing: () => void;
  /** What others have written is to be looked at. */
  #mustLookAgain = false;

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.#transactions = options.transactions;
    this.journal = options.journal ?? new Journal();
    this.terms = options.terms ?? new PlanTermsCache();
    const leads = options.leads !== false;
    const { journal, terms, matchers, active, components } = this;
    const { transactions } = options;
    const isOnline = options.isOnline.bind(options);
    this.#sending = new Sending({
      transactions,
      tell: (work, tasks, type) =>
        this.#planTasks.each(work, tasks, async (task, device) => {
          await this.tasks.dispatch(work, task, device, { type });
        }),
      onTold: (planId) => this.#toCount.add(planId),
      onFailed: (error) => this.#failed(error),
    });
    this.offers = new Offers({
      ...options,
      onUndelivered: (taskId) => this.#sending.report(taskId, "offer-failed"),
      onAsked: (taskId) => this.#sending.report(taskId, "ask-reported"),
    });
    this.tasks = new TaskDispatch({
      journal,
      terms,
      offers: this.offers,
      isPresenceUnknown: (device) => options.isPresenceUnknown?.(device) ?? false,
      onRevoked: (taskId) => options.endDownloads(taskId),
      onResult: (planId) => {
        this.#toCount.add(planId);
        this.#pusher.look(planId);
      },
      onBegan: (planId, wasAsked) => this.turns.began(planId, wasAsked),
      onWake: (planId, atMs) => this.#pusher.wakeAt(planId, atMs),
      onEnded: (work, task, device) => this.#onEnded(work, task, device),
    });
    this.plans = new PlanDispatch({
      journal,
      terms,
      createTasks: (planId) => {
        if (leads) void this.#background.run(() => this.#planTasks.create(planId));
      },
      push: (planId) => this.#pusher.look(planId),
      tellTasks: (planId) => {
        if (leads) void this.#background.run(() => this.#planTasks.tell(planId));
      },
      onRevoked: (planId) => {
        if (leads) void this.#urgent.run(() => this.#endDownloadsOf(planId));
      },
    });
    this.verification = new Verification({ transactions, journal, plans: this.plans });
    this.packages = new PackageDispatch({
      journal,
      startVerification: (work, found, deviceName) => this.verification.start(work, found, deviceName),
      cancelVerification: (work, found) => this.verification.cancel(work, found),
      haltPlans: (work, found) => this.#haltPlans(work, found),
    });
    this.turns = new Turns({ terms, matchers, dispatch: this.tasks, isOnline });
    this.reports = new DeviceReports({
      journal,
      terms,
      matchers,
      components,
      active,
      dispatch: this.tasks,
      turns: this.turns,
    });
    this.#pusher = new Pusher({ transactions, active, terms, turns: this.turns, isOnline });
    this.#planTasks = new PlanTasks({
      transactions,
      journal,
      terms,
      matchers,
      turns: this.turns,
      dispatch: this.tasks,
      plans: this.plans,
      onReady: (planId) => this.#pusher.look(planId),
      onNobody: async (work, terms) => {
        if (terms.purpose === "verification") await this.verification.nobody(work, terms, this.packages);
      },
    });
    this.#stopFollowing = journal.follow((change) => {
      if (change.kind !== "plan" && change.kind !== "package") return;
      if (change.kind === "plan" && change.tasksOnly === true) return;
      matchers.clear();
      components.clear();
      if (change.kind === "plan") void this.#reloads.run(() => this.reload());
    });
  }

  /** Takes up what an earlier process has left, and begins to watch the clock. */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#nextMatchMs = nextMatch(this.#transactions.nowMs());
    this.#timer = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  /** Others have written: what is kept in memory of plans and packages may not hold any more. */
  forgetKept(): void {
    this.matchers.clear();
    this.components.clear();
    this.#mustLookAgain = true;
  }

  /** Resolves once nothing of it runs any more: what it still began would be stored beside the next leader. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopFollowing();
    clearInterval(this.#timer);
    this.offers.close();
    this.#sending.close();
    this.#pusher.close();
    await Promise.all([this.#ticking, this.#background.close(), this.#reloads.close(), this.#urgent.close()]);
  }

  /** Resolves when what runs in the background has ended. */
  async idle(): Promise<void> {
    await Promise.all([this.#background.idle(), this.#reloads.idle(), this.#urgent.idle()]);
  }

  /**
   * Offers that were made before now may not have arrived, although their devices stay connected: the process before
   * this one may have ended before it sent them, the connection to another broker was lost, or the answer to the commit
   * of an offer. Those that no device has answered are made again, some 10 s later.
   */
  offersMayBeLost(): void {
    this.#sending.mayBeLost();
  }

  /** Deadlines, results and turns whose time has come. Called by the timer. */
  async tick(): Promise<void> {
    const nowMs = this.#transactions.nowMs();
    if (this.#ticking !== undefined || this.#closed || nowMs < this.#againAtMs) return;
    this.#ticking = this.#doWhatIsDue(nowMs);
    try {
      await this.#ticking;
    } finally {
      this.#ticking = undefined;
    }
  }

  async #doWhatIsDue(nowMs: number): Promise<void> {
    try {
      if (this.#againAtMs > 0) await this.#takeUp();
      this.#againAtMs = 0;
      await this.#lookAgain();
      await this.#sending.carryOn();
      await this.#passDeadlines();
      await this.#countResults();
      await this.#pusher.push();
      if (nowMs >= this.#nextMatchMs) {
        this.#nextMatchMs = nextMatch(nowMs);
        for (const planId of this.active.ids) void this.#background.run(() => this.#planTasks.create(planId, true));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Looks again which plans are active. */
  async reload(): Promise<void> {
    const before = this.active.ids;
    await this.active.load(this.#transactions.tables);
    for (const planId of before) {
      if (this.active.ids.includes(planId)) continue;
      this.turns.forget(planId);
      this.#pusher.forget(planId);
    }
  }

  /** Begins what a plan still has to do, as it is stored. */
  async #takeUp(): Promise<void> {
    await this.reload();
    for (const plan of await this.#transactions.tables.plans.listUnfinished()) {
      const { name } = planState(plan);
      // Also while it is paused or halted: whoever resumes it does not match it again.
      if (plan.matchedAt === null && (name === "active" || name === "paused" || name === "halted"))
        void this.#background.run(() => this.#planTasks.create(plan.id));
      if (plan.telling !== null) void this.#background.run(() => this.#planTasks.tell(plan.id));
      if (name === "active" || name === "paused") this.#toCount.add(plan.id);
    }
  }

  /** Takes up what others have decided. */
  async #lookAgain(): Promise<void> {
    if (!this.#mustLookAgain) return;
    this.#mustLookAgain = false;
    try {
      await this.#takeUp();
      for (const planId of this.active.ids) this.#pusher.look(planId);
    } catch (error) {
      this.#mustLookAgain = true;
      throw error;
    }
  }

  async #passDeadlines(): Promise<void> {
    while (!this.#closed) {
      const due = await this.#transactions.tables.tasks.due(this.#transactions.nowMs(), PIECE);
      if (due.length === 0) return;
      await this.#transactions.run((work) =>
        this.#planTasks.each(work, due, async (task, device) => {
          await this.tasks.dispatch(work, task, device, { type: "deadline-passed" });
        }),
      );
      if (due.length < PIECE) return;
    }
  }

  async #countResults(): Promise<void> {
    for (const planId of [...this.#toCount]) {
      if (this.#closed) return;
      // Before it counts, so that a result that comes meanwhile makes it count again.
      this.#toCount.delete(planId);
      try {
        await this.#transactions.run(async (work) => {
          await this.turns.run(planId).count(work.tables, planId, work.nowMs);
          await this.plans.count(work, planId);
        });
      } catch (error) {
        this.#toCount.add(planId);
        throw error;
      }
    }
  }

  async #onEnded(work: Work, task: Task, device: NamedDevice): Promise<void> {
    const terms = await this.terms.of(work.tables, task.planId);
    if (terms.purpose === "verification") await this.verification.ended(work, task, this.packages);
    if (terms.packages.length < 2 || task.open === 1) return;
    const type = task.state === "succeeded" ? "earlier-component-succeeded" : "earlier-component-failed";
    for (const { id, position } of await work.tables.taskLists.ofPlanAndDevices(task.planId, [device.id])) {
      // Read anew: the end of the one before may have ended this one.
      const later = position > task.position ? await work.tables.tasks.byId(id) : undefined;
      if (later !== undefined) await this.tasks.dispatch(work, later, device, { type });
    }
  }

  async #haltPlans(work: Work, found: Package): Promise<void> {
    for (const plan of await work.tables.packages.usedBy(found.id)) {
      await this.plans.dispatch(work, plan, { type: "package-withdrawn", packageId: String(found.id) });
    }
  }

  async #endDownloadsOf(planId: number): Promise<void> {
    for await (const ids of this.#planTasks.ids(planId)) for (const id of ids) this.#options.endDownloads(id);
  }

  /** What failed is stored as left to do. The health of the store says by itself if the storage refuses it. */
  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#againAtMs = this.#transactions.nowMs() + AGAIN_MS;
    if (error instanceof StorageError) return;
    this.#options.onProblem?.(error instanceof Error ? error.message : String(error));
  }
}

/** The platform matches plans at :00, :10 and so on. */
function nextMatch(nowMs: number): number {
  return (Math.floor(nowMs / MATCH_INTERVAL_MS) + 1) * MATCH_INTERVAL_MS;
}
