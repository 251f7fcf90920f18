import type { NewPlan, Plan, PlanComponent, PlanDevice, PlanPatch, PlanText } from "../schema.js";
import { type Connection, directionOf, inChunks, PAGE_ROWS, type Page } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";

/** What belongs to a plan, and is given with it. */
export interface PlanParts {
  readonly texts: readonly PlanText[];
  readonly devices: readonly PlanDevice[];
  readonly components: readonly PlanComponent[];
}

export interface WholePlan extends PlanParts {
  readonly plan: Plan;
}

export interface PlanFilter {
  readonly productId?: number;
  readonly states?: readonly string[];
  readonly purpose?: "update" | "verification";
}

const BY_ID = compiledOnce((database, id: number) => database.selectFrom("plan").selectAll().where("id", "=", id));

export class Plans {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async insert(plan: NewPlan, parts: Partial<PlanParts> = {}): Promise<Plan> {
    const inserted = await this.#database.insertInto("plan").values(plan).returningAll().executeTakeFirstOrThrow();
    await this.#insertParts(inserted.id, parts);
    return inserted;
  }

  /** Puts other settings in the place of a draft's, with all that belongs to them. */
  async replaceSettings(
    id: number,
    { productId, name, settings, dynamic }: Pick<NewPlan, "productId" | "name" | "settings" | "dynamic">,
    parts: PlanParts,
  ): Promise<void> {
    await this.#database.updateTable("plan").set({ productId, name, settings, dynamic }).where("id", "=", id).execute();
    await this.replaceParts(id, parts);
  }

  /** Puts other texts, lists and components in the place of a plan's own. */
  async replaceParts(id: number, parts: PlanParts): Promise<void> {
    for (const table of ["planText", "planDevice", "planComponent"] as const) {
      await this.#database.deleteFrom(table).where("planId", "=", id).execute();
    }
    await this.#insertParts(id, parts);
  }

  async byId(id: number): Promise<Plan | undefined> {
    return (await BY_ID(this.#database, id))[0];
  }

  /** @returns a plan with all that belongs to it */
  async whole(id: number): Promise<WholePlan | undefined> {
    const plan = await this.byId(id);
    return plan === undefined ? undefined : this.#wholeOf(plan);
  }

  /** @returns these plans with their texts and components, but without the devices that they name, in the same order */
  async withoutDevices(plans: readonly Plan[]): Promise<WholePlan[]> {
    const ids = plans.map(({ id }) => id);
    const texts = await inChunks(ids, (some) =>
      this.#database.selectFrom("planText").selectAll().where("planId", "in", some).orderBy("language").execute(),
    );
    const components = await inChunks(ids, (some) =>
      this.#database.selectFrom("planComponent").selectAll().where("planId", "in", some).orderBy("position").execute(),
    );
    const of = <Part extends { readonly planId: number }>(parts: readonly Part[], id: number): Part[] =>
      parts.filter(({ planId }) => planId === id);
    return plans.map((plan) => ({
      plan,
      texts: of(texts, plan.id),
      components: of(components, plan.id),
      devices: [],
    }));
  }

  /** @returns a page, the newest first by default */
  list(filter: PlanFilter = {}, { after, limit = PAGE_ROWS, order = "newest" }: Page = {}): Promise<Plan[]> {
    const { direction, beyond } = directionOf(order);
    let query = this.#database.selectFrom("plan").selectAll().orderBy("id", direction).limit(limit);
    if (filter.productId !== undefined) query = query.where("productId", "=", filter.productId);
    if (filter.states !== undefined) query = query.where("state", "in", filter.states);
    if (filter.purpose !== undefined) query = query.where("purpose", "=", filter.purpose);
    if (after !== undefined) query = query.where("id", beyond, after);
    return query.execute();
  }

  /** @returns the active plans, the one that was activated first at the beginning */
  listActive(): Promise<Plan[]> {
    return this.#database
      .selectFrom("plan")
      .selectAll()
      .where("state", "=", "active")
      .orderBy("activatedAt")
      .orderBy("id")
      .execute();
  }

  /** @returns the plans that have been activated, and of which something may be left to do */
  listUnfinished(): Promise<Plan[]> {
    return this.#database
      .selectFrom("plan")
      .selectAll()
      .where((where) =>
        where.or([where("state", "in", ["active", "paused", "halted"]), where("telling", "is not", null)]),
      )
      .orderBy("id")
      .execute();
  }

  async update(id: number, patch: PlanPatch): Promise<void> {
    await this.#database.updateTable("plan").set(patch).where("id", "=", id).execute();
  }

  /** Removes a draft, with what was counted of it; a plan that was activated stays. @returns whether it was removed */
  async remove(id: number): Promise<boolean> {
    const { numDeletedRows } = await this.#database
      .deleteFrom("plan")
      .where("id", "=", id)
      .where("state", "=", "draft")
      .executeTakeFirst();
    if (numDeletedRows === 0n) return false;
    await this.#database.deleteFrom("sample").where("kind", "=", "plan").where("ownerId", "=", id).execute();
    return true;
  }

  async #insertParts(planId: number, { texts = [], devices = [], components = [] }: Partial<PlanParts>): Promise<void> {
    await inChunks(texts, async (some) => {
      const rows = some.map((row) => ({ ...row, planId }));
      await this.#database.insertInto("planText").values(rows).execute();
      return [];
    });
    await inChunks(devices, async (some) => {
      const rows = some.map((row) => ({ ...row, planId }));
      const insert = this.#database.insertInto("planDevice").values(rows);
      await insert.onConflict((conflict) => conflict.doNothing()).execute();
      return [];
    });
    await inChunks(components, async (some) => {
      const rows = some.map((row) => ({ ...row, planId }));
      await this.#database.insertInto("planComponent").values(rows).execute();
      return [];
    });
  }

  async #wholeOf(plan: Plan): Promise<WholePlan> {
    const { id } = plan;
    const texts = await this.#database
      .selectFrom("planText")
      .select(["language", "title", "body"])
      .where("planId", "=", id)
      .orderBy("language")
      .execute();
    const devices = await this.#database
      .selectFrom("planDevice")
      .select(["list", "deviceName"])
      .where("planId", "=", id)
      .orderBy("list")
      .orderBy("deviceName")
      .execute();
    const components = await this.#database
      .selectFrom("planComponent")
      .select(["position", "component", "version", "packageId"])
      .where("planId", "=", id)
      .orderBy("position")
      .execute();
    return { plan, texts, devices, components };
  }
}
