import { createHash, randomBytes } from "node:crypto";
import { nameAll } from "../rollout/named-device.js";
import type { AuditRecord, FleetEvent, Token } from "../store/schema.js";
import { audit, type OperatorContext } from "./context.js";
import { mustExist } from "./devices.js";
import {
  type Actor,
  type AuditView,
  type EventFilter,
  type EventView,
  type Page,
  type Paged,
  Refusal,
  type Role,
  type TokenView,
} from "./types.js";

/** Events that are removed in one transaction. */
const PURGE_PIECE = 2000;
const PAGE_LIMIT = 1000;
/** The use of a token is noted exactly to this. */
const USE_STEP_MS = 60_000;

/** The history, the audit, and the tokens of those who may see them. */
export class RecordRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  /** The oldest first. */
  async events(
    { productId, deviceName, ...filter }: EventFilter,
    { after, limit = 100 }: Page,
  ): Promise<Paged<EventView>> {
    const { tables } = this.#context.transactions;
    const device =
      productId === undefined || deviceName === undefined
        ? undefined
        : await mustExist(tables, { productId, deviceName });
    const most = Math.min(limit, PAGE_LIMIT);
    const rows = await tables.events.list(
      { ...filter, ...(device === undefined ? {} : { deviceId: device.id }) },
      { limit: most, after: after ?? 0 },
    );
    const next = rows.length === most ? rows.at(-1)?.id : undefined;
    return { items: await this.#views(rows), ...(next === undefined ? {} : { next }) };
  }

  async purge(
    { beforeMs, planId }: { readonly beforeMs?: number; readonly planId?: number },
    actor: Actor,
  ): Promise<number> {
    if (beforeMs === undefined && planId === undefined) {
      throw new Refusal("invalid", "say which events: those before a time, or those of a plan");
    }
    const { transactions } = this.#context;
    let removed = 0;
    for (let piece = PURGE_PIECE; piece === PURGE_PIECE; removed += piece) {
      piece = await transactions.run(({ tables: { events } }) =>
        planId === undefined ? events.purge(beforeMs ?? 0, PURGE_PIECE) : events.purgePlan(planId, PURGE_PIECE),
      );
    }
    const subject = planId === undefined ? "" : String(planId);
    await transactions.run((work) => audit(work, actor, "events-purge", subject, { beforeMs, removed }));
    return removed;
  }

  /** The newest first; `after` is the last id of the page before. */
  async audit({ after, limit = 100 }: Page): Promise<Paged<AuditView>> {
    const most = Math.min(limit, PAGE_LIMIT);
    const rows = await this.#context.transactions.tables.audit.list(
      {},
      { limit: most, ...(after === undefined ? {} : { before: after }) },
    );
    const next = rows.length === most ? rows.at(-1)?.id : undefined;
    return { items: rows.map(auditView), ...(next === undefined ? {} : { next }) };
  }

  async tokens(): Promise<TokenView[]> {
    return (await this.#context.transactions.tables.tokens.list()).map(tokenView);
  }

  async newToken(
    { name, role, expiresAt }: { readonly name: string; readonly role: Role; readonly expiresAt?: number },
    actor: Actor,
  ): Promise<TokenView & { readonly token: string }> {
    if (!/^[\w .@-]{1,64}$/.test(name))
      throw new Refusal("invalid", "a token's name is 1 to 64 letters, digits, . @ _ -");
    const token = randomBytes(32).toString("base64url");
    return this.#context.transactions.run(async (work) => {
      const row = await work.tables.tokens.insert({
        name,
        role,
        sha256: hashOf(token),
        createdAt: work.nowMs,
        expiresAt: expiresAt ?? null,
      });
      await audit(work, actor, "token-new", String(row.id), { name, role });
      return { ...tokenView(row), token };
    });
  }

  async revokeToken(id: number, actor: Actor): Promise<void> {
    await this.#context.transactions.run(async (work) => {
      if (!(await work.tables.tokens.revoke(id, work.nowMs))) {
        throw new Refusal("not-found", `there is no token ${id} that could be revoked`);
      }
      await audit(work, actor, "token-revoke", String(id));
    });
  }

  async tokenOf(token: string): Promise<TokenView | undefined> {
    const { transactions } = this.#context;
    const nowMs = transactions.nowMs();
    const row = await transactions.tables.tokens.findByHash(hashOf(token));
    if (row === undefined || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= nowMs)) {
      return undefined;
    }
    if (row.lastUsedAt === null || row.lastUsedAt < nowMs - USE_STEP_MS) {
      transactions
        .join((work) => work.tables.tokens.touch(row.id, work.nowMs))
        .catch(() => {
          // A token can be used while the state cannot be stored.
        });
    }
    return tokenView(row);
  }

  async #views(rows: readonly FleetEvent[]): Promise<EventView[]> {
    const { tables } = this.#context.transactions;
    const ids = [...new Set(rows.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId])))];
    const devices = new Map(
      (await nameAll(tables, await tables.devices.byIds(ids))).map((device) => [device.id, device]),
    );
    return rows.map(({ id, at, kind, deviceId, planId, taskId, detail }): EventView => {
      const device = deviceId === null ? undefined : devices.get(deviceId);
      return {
        id,
        at,
        kind,
        ...(device === undefined ? {} : { device: { productId: device.productId, deviceName: device.deviceName } }),
        ...(planId === null ? {} : { planId }),
        ...(taskId === null ? {} : { taskId }),
        detail: JSON.parse(detail) as EventView["detail"],
      };
    });
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function auditView({ id, at, actor, origin, action, subject, detail }: AuditRecord): AuditView {
  return { id, at, actor, origin, action, subject, detail: JSON.parse(detail) as AuditView["detail"] };
}

function tokenView({ id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt }: Token): TokenView {
  return {
    id,
    name,
    role,
    createdAt,
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  };
}
