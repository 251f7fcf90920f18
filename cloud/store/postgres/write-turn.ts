import { sql, type Transaction } from "kysely";
import type { Schema } from "../schema.js";
import { StorageError } from "../storage-error.js";

export interface TurnListener {
  /**
   * Called in a transaction of the leader that finds that others have written, or that it may have written more than it
   * knows, before anything is read in it.
   */
  onOthersWrote(): void;
  /** Called if another process leads now: this one must stop at once. */
  onSuperseded(): void;
}

/** As whom this process writes: as the leader of an epoch, beside it, or, until it has stopped to lead, not at all. */
type Standing =
  | { readonly name: "beside" }
  | { readonly name: "leading"; readonly epoch: number }
  | { readonly name: "stopped" };

/**
 * Lets the transactions of all processes go one after another, as SQLite does: each waits for one row. So a work sees
 * what those before have written, and ids count up in the order of the commits. In the row is the epoch of the leader:
 * a leader that was superseded, for example because it hung, cannot write any more. And there is a count of the
 * transactions of others than the leader, by which it knows whether what it keeps in memory still holds.
 */
export class WriteTurn {
  #listener: TurnListener | undefined;
  #standing: Standing = { name: "beside" };
  /** The count as the leader has seen it last. */
  #changes = -1;

  /** From now on this process writes as the leader of this epoch. */
  lead(epoch: number, listener: TurnListener): void {
    this.#listener = listener;
    this.#standing = { name: "leading", epoch };
    this.#changes = -1;
  }

  /** Nothing is written until {@link goBeside}: what a leader still had to write is the next leader's matter. */
  stop(): void {
    this.#standing = { name: "stopped" };
  }

  /** From now on this process writes beside the leader. */
  goBeside(): void {
    this.#standing = { name: "beside" };
  }

  /** A transaction has failed: it may be stored all the same, if only the answer to its commit was lost. */
  mayHaveWritten(): void {
    this.#changes = -1;
  }

  /** Waits for the turn of a transaction. @throws StorageError if this process must not write */
  async enter(transaction: Transaction<Schema>): Promise<void> {
    const standing = this.#standing;
    if (standing.name === "stopped") throw superseded();
    if (standing.name === "beside") {
      await transaction.updateTable("turn").set({ changes: sql`changes + 1` }).execute();
      return;
    }
    const row = await transaction.selectFrom("turn").select(["epoch", "changes"]).forUpdate().executeTakeFirstOrThrow();
    if (row.epoch !== standing.epoch) {
      this.stop();
      this.#listener?.onSuperseded();
      throw superseded();
    }
    if (row.changes === this.#changes) return;
    this.#changes = row.changes;
    this.#listener?.onOthersWrote();
  }
}

function superseded(): StorageError {
  return new StorageError("superseded", undefined, "server");
}
