import type { Generated } from "kysely";

/* What several processes on one database need of each other. */

/** One row: each transaction that writes locks it first, if several processes write. */
export interface TurnTable {
  id: number;
  /** Counts up with each new leader. */
  epoch: number;
  /** Counts the transactions of others than the leader, which has to look at what they have changed. */
  changes: number;
}

/** One row: who leads. */
export interface LeaseTable {
  id: number;
  epoch: number;
  /** Host and process, for people. */
  holder: string;
  /** The server's process that holds the leader's lock. */
  backend: number;
  /** By the clock of the database; 0 if nobody leads. */
  renewedAt: number;
  /** JSON: what only the leader knows. */
  facts: string;
}

/** What one process tells all others, append-only. */
export interface SignalTable {
  id: Generated<number>;
  at: number;
  /** JSON. */
  detail: string;
}
