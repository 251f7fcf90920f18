import { giveUp, type Lease, readLease, renewLease, tryToLead } from "../store/postgres/leadership.js";
import { Post } from "../store/postgres/post.js";
import type { WriteTurn } from "../store/postgres/write-turn.js";
import { StorageError } from "../store/storage-error.js";
import { offsetOf } from "./clock-offset.js";

export interface MembershipOptions {
  readonly url: string;
  readonly turn: WriteTurn;
  /** Host and process, for people. */
  readonly name: string;
  readonly mayLead: boolean;
  /** The clock of this process, in milliseconds since 1970. */
  now(): number;
  /** @returns in JSON what only the leader knows */
  facts(): string;
  /** Takes up the work of the leader. If it rejects, another process may try. */
  lead(): Promise<void>;
  /** Ends the work of the leader: no message is taken and nothing is sent any more once it is called. */
  standDown(): Promise<void>;
  /** Called with the state of the lease, each time that it was read. */
  onLease(lease: Lease): void;
  onNotice(payload: string): void;
  /** The connection was lost for a while: notices that came meanwhile were missed. */
  onNoticesMissed(): void;
  /** What other processes have written is to be looked at. */
  onOthers(): void;
  /** As a leader: what is kept in memory may not hold any more. Called in the transaction that has found that out. */
  onOthersWrote(): void;
  /** Called with one line when this process begins to lead, and when it stops. */
  onStanding(line: string): void;
  /** The database was reached, or could not be. */
  onStorage(error: StorageError | undefined): void;
}

const LEADER_STEP_MS = 1000;
const STANDBY_STEP_MS = 2000;
/** A process whose lead could not begin tries again after this long. */
const REST_MS = 6000;
/** The notice by which a leader says that it leads no more. */
const HANDED_OVER = "{}";
/** The server cuts the name of a connection there. */
const MOST_NAME = 63;

/**
 * This process among those that work on one database. One of them leads: it holds a lock on a connection of its own,
 * and renews a lease. If the connection is lost, or the lease is another's, it stops at once; the others try again and
 * again.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #post: Post | undefined;
  /** As which leader; `undefined`: this process does not lead. */
  #epoch: number | undefined;
  /** The beginning or the end of a lead that is under way. */
  #changing: Promise<void> | undefined;
  /** The last beginning of a lead, which rejects if it has failed. */
  #begun: Promise<void> | undefined;
  /** After a lead that could not begin, others may try first. */
  #restsUntilMs = 0;
  #wake: (() => void) | undefined;
  #closed = false;
  #hasResigned = false;
  #running: Promise<void> | undefined;
  #offsetMs = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#epoch !== undefined;
  }

  /** By the clock of the database, in milliseconds since 1970: it is the same for all processes. */
  nowMs(): number {
    return Math.round(this.#options.now() + this.#offsetMs);
  }

  /**
   * Takes the lead if nobody has it, and watches from then on.
   *
   * @throws StorageError if the database cannot be reached, or what `lead` has rejected with
   */
  async start(): Promise<void> {
    await this.#step();
    this.#running = this.#run();
    await this.#begun;
  }

  /** Sends a notice to all processes, if the database is there. */
  send(payload: string): void {
    this.#post?.notify(payload).catch(() => {
      // The others look by themselves, only later.
    });
  }

  /** Gives the lead to the next one that tries, at once. This process does not take it again. */
  async handOver(): Promise<void> {
    this.#hasResigned = true;
    await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    const epoch = this.#epoch;
    if (epoch === undefined) return;
    await this.#stop("hands the lead over");
    const post = this.#post;
    if (post === undefined || post.isLost) return;
    try {
      await giveUp(post, epoch);
      await post.notify(HANDED_OVER);
    } catch {
      // The end of the connection gives it back as well.
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#running;
    await this.#changing?.catch(() => {});
    await this.handOver();
    await this.#post?.close();
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#pause(this.isLeading ? LEADER_STEP_MS : STANDBY_STEP_MS);
      if (this.#closed) return;
      try {
        await this.#step();
      } catch (error) {
        this.#options.onStorage(error instanceof StorageError ? error : new StorageError("io", error, "server"));
      }
    }
  }

  async #step(): Promise<void> {
    const post = await this.#opened();
    if (this.#epoch !== undefined) await this.#renew(post, this.#epoch);
    else if (this.#mayTry()) await this.#try(post);
    await this.#look(post);
    this.#options.onStorage(undefined);
    this.#options.onOthers();
  }

  #mayTry(): boolean {
    if (!this.#options.mayLead || this.#hasResigned || this.#changing !== undefined) return false;
    return performance.now() >= this.#restsUntilMs;
  }

  async #opened(): Promise<Post> {
    if (this.#post !== undefined && !this.#post.isLost) return this.#post;
    const isFirst = this.#post === undefined;
    const { url, name } = this.#options;
    this.#post = await Post.open({
      url,
      name: `ota-cloud ${name}`.slice(0, MOST_NAME),
      onNotice: (payload) => this.#onNotice(payload),
      onLost: () => void this.#stop("has lost the database"),
    });
    if (!isFirst) this.#options.onNoticesMissed();
    return this.#post;
  }

  async #try(post: Post): Promise<void> {
    const epoch = await tryToLead(post, this.#options.name);
    if (epoch === undefined) return;
    this.#epoch = epoch;
    this.#options.turn.lead(epoch, {
      onOthersWrote: () => this.#options.onOthersWrote(),
      onSuperseded: () => void this.#stop("was superseded"),
    });
    this.#options.onStanding("leads");
    const begun = this.#options.lead().catch(async (error: unknown) => {
      this.#change(undefined, begun);
      this.#restsUntilMs = performance.now() + REST_MS;
      await this.#giveUp();
      this.#options.onStanding(`cannot lead: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    });
    this.#begun = begun;
    this.#change(begun);
    begun.then(
      () => this.#change(undefined, begun),
      () => {
        // It was reported, and `start` throws it if it was the first.
      },
    );
  }

  async #renew(post: Post, epoch: number): Promise<void> {
    if (!(await renewLease(post, epoch, this.#options.facts()))) await this.#stop("was superseded");
  }

  /** Stops to lead: nothing is written from now on, until all that the leader has begun has ended. */
  async #stop(why: string): Promise<void> {
    if (this.#epoch === undefined) return;
    this.#epoch = undefined;
    const { turn, onStanding, standDown } = this.#options;
    turn.stop();
    onStanding(why);
    const before = this.#changing;
    const ended = (async () => {
      await before?.catch(() => {});
      try {
        await standDown();
      } catch (error) {
        onStanding(`has not ended in good order: ${error instanceof Error ? error.message : String(error)}`);
      }
      turn.goBeside();
    })();
    this.#change(ended);
    await ended;
    this.#change(undefined, ended);
  }

  /** @param only what is still under way; another one that has begun since stays */
  #change(next: Promise<void> | undefined, only?: Promise<void>): void {
    if (only === undefined || this.#changing === only) this.#changing = next;
  }

  async #look(post: Post): Promise<void> {
    const beforeMs = this.#options.now();
    const lease = await readLease(post);
    this.#offsetMs = offsetOf(this.#offsetMs, { beforeMs, otherMs: lease.nowMs, afterMs: this.#options.now() });
    this.#options.onLease(lease);
  }

  #onNotice(payload: string): void {
    if (payload === HANDED_OVER && !this.isLeading) this.#wake?.();
    this.#options.onNotice(payload);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
