import { setTimeout as pause } from "node:timers/promises";
import type { Post } from "./post.js";

/** Any number that no other program takes for its locks in this database; its upper half is 0. */
const LEADER_LOCK = 1_263_100_227;

/** A leader that has not renewed its lease for so long, by the clock of the database, hangs or is cut off. */
export const LEASE_MS = 5000;

const ENDING_MS = 200;

const NOW_MS = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/** What this process knows of the leader: by the clock of the database. */
export interface Lease {
  readonly epoch: number;
  /** `false`: nobody leads now, or the leader hangs. */
  readonly isHeld: boolean;
  /** JSON: what only the leader knows. */
  readonly facts: string;
  readonly nowMs: number;
}

/**
 * Takes the lead if nobody has it. The lock belongs to the connection: the server gives it back when that ends, also by
 * kill -9. The leader of a lease that has run out loses its connection, so that a process that hangs does not keep it.
 *
 * @returns the epoch of this process as a leader; `undefined` if another one leads @throws StorageError
 */
export async function tryToLead(post: Post, holder: string): Promise<number | undefined> {
  // What a connection held is free a moment after its end.
  if (
    !(await tryLock(post)) &&
    !((await endHanging(post)) && (await pause(ENDING_MS, true)) && (await tryLock(post)))
  ) {
    return undefined;
  }
  try {
    // First, so that no transaction of the one before can begin any more.
    const [turn] = await post.query<{ epoch: number }>("update turn set epoch = epoch + 1 returning epoch");
    const epoch = turn?.epoch ?? 0;
    await post.query(
      `update lease set epoch = $1, holder = $2, backend = pg_backend_pid(), renewed_at = ${NOW_MS}, facts = '{}'`,
      [epoch, holder],
    );
    return epoch;
  } catch (error) {
    await unlock(post).catch(() => {
      // Then the connection is lost, and the lock with it.
    });
    throw error;
  }
}

/** @returns whether this process still leads @throws StorageError */
export async function renewLease(post: Post, epoch: number, facts: string): Promise<boolean> {
  const rows = await post.query(`update lease set renewed_at = ${NOW_MS}, facts = $2 where epoch = $1 returning id`, [
    epoch,
    facts,
  ]);
  return rows.length === 1;
}

/** Gives the lead back, so that another process can have it at once. @throws StorageError */
export async function giveUp(post: Post, epoch: number): Promise<void> {
  await post.query("update lease set renewed_at = 0, holder = '', backend = 0 where epoch = $1", [epoch]);
  await unlock(post);
}

async function unlock(post: Post): Promise<void> {
  await post.query("select pg_advisory_unlock($1)", [LEADER_LOCK]);
}

/** @throws StorageError */
export async function readLease(post: Post): Promise<Lease> {
  const [row] = await post.query<{ epoch: number; renewed_at: number; facts: string; now: number }>(
    `select epoch, renewed_at, facts, ${NOW_MS} as now from lease`,
  );
  if (row === undefined) return { epoch: 0, isHeld: false, facts: "{}", nowMs: 0 };
  const { epoch, facts, now: nowMs } = row;
  return { epoch, facts, nowMs, isHeld: nowMs - row.renewed_at <= LEASE_MS };
}

/** @returns the database's clock, in milliseconds since 1970 @throws StorageError */
export async function readClock(post: Post): Promise<number> {
  const [row] = await post.query<{ now: number }>(`select ${NOW_MS} as now`);
  return row?.now ?? 0;
}

async function tryLock(post: Post): Promise<boolean> {
  const [lock] = await post.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [LEADER_LOCK]);
  return lock?.taken === true;
}

/**
 * The leader's connection is looked up by its lock: the server may have given its number to another one since.
 *
 * @returns whether there was one to end
 */
async function endHanging(post: Post): Promise<boolean> {
  const ended = await post.query(
    `select pg_terminate_backend(pid) from pg_locks, lease
     where locktype = 'advisory' and granted and classid = 0 and objid = $1 and objsubid = 1
     and pg_locks.database = (select oid from pg_database where datname = current_database())
     and ${NOW_MS} - renewed_at > $2`,
    [LEADER_LOCK, LEASE_MS],
  );
  return ended.length > 0;
}
