import { join } from "node:path";
import type { Engine } from "./engine.js";
import { lockFolder } from "./folder-lock.js";
import { GroupCommit, type Work } from "./group-commit.js";
import { importJsonState } from "./json-import.js";
import { type LibsqlOptions, openLibsql } from "./libsql-engine.js";
import { migrate } from "./migrations/migrate.js";
import type { StorageCode, StorageError } from "./storage-error.js";
import { Tables } from "./tables/tables.js";

export const DATABASE_FILE = "cloud.db";
/** Wait for further works before a group of them begins. */
export const GROUP_DELAY_MS = 20;
/** While the storage refuses writes, it is tried this often, also if nobody writes. */
const PROOF_INTERVAL_MS = 2000;

export type StoreHealth =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: StorageCode; readonly message: string; readonly sinceMs: number };

export interface FleetStoreOptions {
  /** The state folder. It is made if there is none, and locked for this process. */
  readonly folder: string;
  readonly groupDelayMs?: number;
  readonly database?: Omit<LibsqlOptions, "path">;
  /** Called when the storage begins to refuse writes, or to take them again. */
  readonly onHealth?: (health: StoreHealth) => void;
}

/** The state of the cloud: a database in a folder that one process uses. */
export class FleetStore {
  readonly #options: FleetStoreOptions;
  readonly #engine: Engine;
  readonly #release: () => void;
  readonly #commits: GroupCommit;
  #health: StoreHealth = { ok: true };
  #proof: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * For reads outside of a transaction: they see what is committed, and wait for nobody. They cannot write. A work must
   * read by the tables that it is handed, because these do not see what its transaction has written.
   */
  readonly tables: Tables;

  private constructor(options: FleetStoreOptions, engine: Engine, release: () => void) {
    this.#options = options;
    this.#engine = engine;
    this.#release = release;
    this.tables = new Tables(engine.reader);
    this.#commits = new GroupCommit({
      writer: engine.writer,
      delayMs: options.groupDelayMs ?? GROUP_DELAY_MS,
      onCommit: (error) => this.#noted(error),
      mustProve: () => !this.#health.ok,
    });
  }

  /**
   * @throws CloudError if another process has the folder, a later version of the program has written it, or it holds
   * the state of an earlier version that is damaged
   * @throws StorageError if the database cannot be opened
   */
  static async open(options: FleetStoreOptions): Promise<FleetStore> {
    const release = lockFolder(options.folder);
    let engine: Engine | undefined;
    try {
      engine = openLibsql({ path: join(options.folder, DATABASE_FILE), ...options.database });
      await migrate(engine);
      const store = new FleetStore(options, engine, release);
      const write = (work: Work<void>): Promise<void> => store.write(work);
      await importJsonState({ folder: options.folder, tables: store.tables, write, now: Date.now() });
      return store;
    } catch (error) {
      await engine?.close();
      release();
      throw error;
    }
  }

  /** Whether the last write was stored; if it was not, why, and since when. */
  get health(): StoreHealth {
    return this.#health;
  }

  /**
   * Runs a work in a transaction of its own, after the works that came before. It may await only its tables: it must
   * not wait for another write, which would wait for it.
   *
   * @returns its result, when it is on the disk
   * @throws StorageError if the storage refuses it; what the work throws, and then nothing of it is stored
   */
  write<Result>(work: Work<Result>): Promise<Result> {
    return this.#add(work, true);
  }

  /**
   * As {@link write}, in one transaction with all works of about 20 ms. If one of them throws, only it is taken back.
   */
  enqueue<Result>(work: Work<Result>): Promise<Result> {
    return this.#add(work, false);
  }

  /** Ends what was begun, and releases the folder. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#proof);
    await this.#commits.drained();
    clearTimeout(this.#proof);
    await this.#engine.close();
    this.#release();
  }

  async #add<Result>(work: Work<Result>, alone: boolean): Promise<Result> {
    if (this.#closed) throw new Error("the store is closed");
    return this.#commits.add(work, alone);
  }

  #noted(error: StorageError | undefined): void {
    const was = this.#health;
    if (error === undefined) {
      this.#health = { ok: true };
    } else {
      const { code, message } = error;
      this.#health = { ok: false, code, message, sinceMs: was.ok ? Date.now() : was.sinceMs };
      this.#proof ??= setTimeout(() => this.#prove(), PROOF_INTERVAL_MS).unref();
    }
    if (was.ok !== this.#health.ok || (!was.ok && !this.#health.ok && was.code !== this.#health.code)) {
      this.#options.onHealth?.(this.#health);
    }
  }

  #prove(): void {
    this.#proof = undefined;
    if (this.#closed || this.#health.ok) return;
    this.enqueue(async () => {}).catch(() => {
      // The group has noted it.
    });
  }
}
