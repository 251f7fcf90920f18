import { existsSync } from "node:fs";
import { join } from "node:path";
import { CloudError } from "../types.js";
import type { Engine } from "./engine.js";
import { lockFolder } from "./folder-lock.js";
import { GroupCommit, type Work } from "./group-commit.js";
import { importJsonState } from "./json-import.js";
import { type LibsqlOptions, openLibsql } from "./libsql-engine.js";
import { migrate } from "./migrations/migrate.js";
import { makeOrCheck } from "./postgres/make-or-check.js";
import { openPostgres, type PostgresOptions } from "./postgres/postgres-engine.js";
import { WriteTurn } from "./postgres/write-turn.js";
import type { StorageCode, StorageError } from "./storage-error.js";
import { Tables } from "./tables/tables.js";

export const DATABASE_FILE = "cloud.db";
/** The database of a folder whose state was taken over by a server. */
export const IMPORTED_FILE = "cloud.db.imported";
/** Wait for further works before a group of them begins. */
export const GROUP_DELAY_MS = 20;
/** While the storage refuses writes, it is tried this often, also if nobody writes. */
const PROOF_INTERVAL_MS = 2000;

export type StoreHealth =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: StorageCode; readonly message: string; readonly sinceMs: number };

export interface WriteOptions {
  readonly groupDelayMs?: number;
  /** Called when the storage begins to refuse writes, or to take them again. */
  readonly onHealth?: (health: StoreHealth) => void;
}

export interface FleetStoreOptions extends WriteOptions {
  /** The state folder. It is made if there is none, and locked for this process. */
  readonly folder: string;
  readonly database?: Omit<LibsqlOptions, "path">;
}

export interface ServerStoreOptions extends WriteOptions, Omit<PostgresOptions, "turn"> {}

/** What is possible only with a database on a server. */
export interface StoreServer {
  readonly url: string;
  /** As whom this process writes. */
  readonly turn: WriteTurn;
}

/** A cloud that went on with a new database would know none of its devices. */
function refuseImported(folder: string): void {
  const imported = join(folder, IMPORTED_FILE);
  if (existsSync(join(folder, DATABASE_FILE)) || !existsSync(imported)) return;
  throw new CloudError(`the state of ${folder} was taken over by a database: name that by --database`);
}

/** The state of the cloud: a database in a folder that one process uses, or one on a server for several processes. */
export class FleetStore {
  readonly #options: WriteOptions;
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

  /** `undefined` with a folder. */
  readonly server: StoreServer | undefined;

  private constructor(options: WriteOptions, engine: Engine, release: () => void, server?: StoreServer) {
    this.#options = options;
    this.server = server;
    this.#engine = engine;
    this.#release = release;
    this.tables = new Tables(engine.reader);
    this.#commits = new GroupCommit({
      writer: engine.writer,
      enter: engine.enter,
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
      refuseImported(options.folder);
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

  /**
   * Opens a database on a server, and makes its tables if there are none.
   *
   * @throws CloudError if the URL is none, or the database has another schema than this program needs
   * @throws StorageError if it cannot be reached
   */
  static async openServer(options: ServerStoreOptions): Promise<FleetStore> {
    const turn = new WriteTurn();
    const engine = openPostgres({ ...options, turn });
    try {
      await makeOrCheck(engine);
      return new FleetStore(options, engine, () => {}, { url: options.url, turn });
    } catch (error) {
      await engine.close();
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

  /** Rejects what waits to be written: it is to be done by another process. */
  refuseWaiting(error: StorageError): void {
    this.#commits.refuseWaiting(error);
  }

  /** Resolves when the transaction that is under way has ended. */
  written(): Promise<void> {
    return this.#commits.begun();
  }

  /** For what is found to be wrong by others than the works, such as a connection that is lost. */
  noteHealth(error: StorageError | undefined): void {
    this.#noted(error);
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
    if (error !== undefined) this.server?.turn.mayHaveWritten();
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
