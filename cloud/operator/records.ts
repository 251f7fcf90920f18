import { createHash, randomBytes } from "node:crypto";
import { purgeBefore, purgePlan } from "../history/retention.js";
import { nameAll } from "../rollout/named-device.js";
import type { AuditRecord, FleetEvent, Token } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { audit, type OperatorContext, productOf } from "./context.js";
import { mustExist } from "./devices.js";
import { nextOf, rowsOf } from "./pages.js";
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

/** The use of a token is noted exactly to this. */
const USE_STEP_MS = 60_000;

/** The history, the audit, and the tokens of those who may see them. */
export class RecordRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  /** The oldest first by default. */
  async events(filter: EventFilter, page: Page): Promise<Paged<EventView>> {
    const { tables } = this.#context.transactions;
    const wanted = rowsOf({ order: "oldest", ...page });
    const rows = await tables.events.list(await rowFilterOf(tables, filter), wanted);
    return { items: await this.#views(rows), ...nextOf(rows, wanted) };
  }

  async purge(
    { beforeMs, planId }: { readonly beforeMs?: number; readonly planId?: number },
    actor: Actor,
  ): Promise<number> {
    if (beforeMs === undefined && planId === undefined) {
      throw new Refusal("invalid", "say which events: those before a time, or those of a plan");
    }
    if (beforeMs !== undefined && planId !== undefined) {
      throw new Refusal("invalid", "say either a time or a plan: those of a plan are removed together");
    }
    const { transactions } = this.#context;
    const removed = await (planId === undefined
      ? purgeBefore(transactions, beforeMs ?? 0)
      : purgePlan(transactions, planId));
    const subject = planId === undefined ? "" : String(planId);
    await transactions.run((work) => audit(work, actor, "events-purge", subject, { beforeMs, removed }));
    return removed;
  }

  /** The newest first by default. */
  async audit(page: Page): Promise<Paged<AuditView>> {
    const wanted = rowsOf(page);
    const rows = await this.#context.transactions.tables.audit.list({}, wanted);
    return { items: rows.map(auditView), ...nextOf(rows, wanted) };
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
      await work.tables.browserSessions.removeOfToken(id);
      await this.#context.signals.tell(work, { do: "sign-in-ended", tokenId: id });
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

/** @throws Refusal if there is no such product or device */
async function rowFilterOf(
  tables: Tables,
  { productId, deviceName, ...filter }: EventFilter,
): Promise<NonNullable<Parameters<Tables["events"]["list"]>[0]>> {
  if (productId !== undefined && deviceName !== undefined) {
    return { ...filter, deviceIds: [(await mustExist(tables, { productId, deviceName })).id] };
  }
  if (deviceName !== undefined) return { ...filter, deviceIds: await tables.devices.idsNamed(deviceName) };
  return productId === undefined ? filter : { ...filter, productId: (await productOf(tables, productId)).id };
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
