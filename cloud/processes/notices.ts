import type { PresenceCall } from "../hooks/calls.js";
import type { Change } from "../operator/types.js";
import type { Journal } from "../rollout/journal.js";

/** What processes tell each other besides what is stored. It may get lost: what matters is found in the database. */
interface Notice {
  /** The process that sent it. */
  readonly from: string;
  readonly changes?: readonly Change[];
  readonly presence?: readonly PresenceCall[];
}

export interface NoticesOptions {
  /** Names this process among all. */
  readonly name: string;
  readonly journal: Journal;
  /** Sends to all processes. */
  send(payload: string): void;
  /** A broker has told another process who is connected. */
  onPresence(call: PresenceCall): void;
  /** Something may be in the database that another process has written. */
  onOthers(): void;
}

/** A notice takes a lock of the whole server when it is sent, so that there are few. */
const INTERVAL_MS = 250;
/** The server takes 7,999 bytes. */
const MOST_CHANGES = 40;
const MOST_CALLS = 40;

/** Passes the changes that this process reports to those who follow it on to the other processes, and takes theirs. */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #stop: () => void;
  readonly #waiting = new Map<string, Change>();
  #calls: PresenceCall[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  /** What another process has reported is not passed on once more. */
  #isTaking = false;

  constructor(options: NoticesOptions) {
    this.#options = options;
    this.#stop = options.journal.follow((change) => this.#onChange(change));
  }

  /** Something was written that others have to look at. */
  wrote(): void {
    this.#isDue = true;
    this.#timer ??= setTimeout(() => this.#send(), INTERVAL_MS).unref();
  }

  /** A broker has told this process who is connected. */
  tellPresence(call: PresenceCall): void {
    this.#calls.push(call);
    if (this.#calls.length < MOST_CALLS) this.wrote();
    else {
      this.#isDue = true;
      this.#send();
    }
  }

  /** Takes a notice of any process. */
  take(payload: string): void {
    const notice = read(payload);
    if (notice === undefined || notice.from === this.#options.name) return;
    this.#isTaking = true;
    for (const change of notice.changes ?? []) this.#options.journal.notify(change);
    for (const call of notice.presence ?? []) this.#options.onPresence(call);
    this.#isTaking = false;
    this.#options.onOthers();
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#timer);
  }

  #onChange(change: Change): void {
    // Each process is told of faults by itself, once it knows of them: a notice could come before that.
    if (this.#isTaking || change.kind === "faults") return;
    // Events are in the database, where each process finds them.
    if (change.kind !== "event" && this.#waiting.size < MOST_CHANGES) {
      const key = keyOf(change);
      const known = this.#waiting.get(key);
      // A change of the plan itself is more than one of its tasks.
      if (!(known?.kind === "plan" && known.tasksOnly !== true)) this.#waiting.set(key, change);
    }
    this.wrote();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isDue) return;
    this.#isDue = false;
    const changes = [...this.#waiting.values()];
    const presence = this.#calls;
    this.#waiting.clear();
    this.#calls = [];
    const notice: Notice = {
      from: this.#options.name,
      ...(changes.length === 0 ? {} : { changes }),
      ...(presence.length === 0 ? {} : { presence }),
    };
    this.#options.send(JSON.stringify(notice));
  }
}

function keyOf(change: Change): string {
  if (change.kind === "plan") return `plan ${change.planId}`;
  return change.kind === "package" ? `package ${change.packageId}` : change.kind;
}

function read(payload: string): Notice | undefined {
  try {
    return JSON.parse(payload) as Notice;
  } catch {
    return undefined;
  }
}
