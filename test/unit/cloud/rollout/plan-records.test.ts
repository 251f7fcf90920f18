import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanState } from "../../../../cloud/fleet/plan-types.js";
import { DEFAULTS, type PlanSettings } from "../../../../cloud/fleet/types.js";
import {
  planRows,
  planState,
  planTerms,
  PlanTermsCache,
  stateColumns,
} from "../../../../cloud/rollout/plan-records.js";
import { addFleet, NOW, withStore } from "../store/open-store.js";

const SETTINGS: PlanSettings = {
  ...DEFAULTS,
  name: "spring",
  productId: "ABCDE12345",
  packages: [
    { component: "motor", version: "1.0" },
    { component: "firmware", version: "2.0.0" },
  ],
  selection: { fromVersions: ["1.0.0"], deviceNames: ["b", "a"], allow: ["a"], deny: ["c"] },
  dynamic: true,
  window: { from: 22, to: 4 },
  mode: "confirm",
  texts: { en: { title: "New", body: "Now?" }, zh: { title: "新", body: "现在?" } },
  strategy: { minBatteryPercent: 20 },
  override: "a test",
};

/** Stores a plan, and reads it back. */
async function stored(settings: PlanSettings): Promise<PlanSettings> {
  let read: PlanSettings | undefined;
  await withStore(async (store) => {
    const { product, target } = await store.write((tables) => addFleet(tables, 0));
    const ids = settings.packages.map(({ component }) => (component === "firmware" ? target.id : null));
    const rows = planRows(settings, { productId: product.id, purpose: "update", createdAt: NOW }, ids);
    const { id } = await store.write((tables) => tables.plans.insert(rows.plan, rows.parts));
    const terms = planTerms((await store.tables.plans.whole(id))!);
    assert.deepEqual([terms.id, terms.productId, terms.purpose], [id, product.id, "update"]);
    assert.deepEqual(
      terms.packages,
      settings.packages.map((each, position) => ({ ...each, position, packageId: ids[position] })),
    );
    read = terms.settings;
  });
  assert.ok(read !== undefined);
  return read;
}

test("a plan comes back from its rows as it was; lists are in the order of their names", async () => {
  const sorted = { ...SETTINGS.selection, deviceNames: ["a", "b"] };
  assert.deepEqual(await stored(SETTINGS), { ...SETTINGS, selection: sorted });
});

test("no list and an empty list are not the same", async () => {
  const absent = await stored({ ...SETTINGS, selection: { deny: [] } });
  const none = { fromVersions: undefined, deviceNames: undefined, allow: undefined, deny: [] };
  assert.deepEqual(absent.selection, none);
  const empty = { fromVersions: [], deviceNames: [], allow: [], deny: [] };
  assert.deepEqual((await stored({ ...SETTINGS, selection: empty })).selection, empty);
});

test("a new plan is a draft, and each state comes back from its columns", () => {
  const rows = planRows(SETTINGS, { productId: 1, purpose: "update", createdAt: NOW, command: "upgrade" }, []);
  assert.deepEqual([rows.plan.state, rows.plan.reason, rows.plan.command], ["draft", null, "upgrade"]);
  assert.deepEqual(planState(rows.plan), { name: "draft" });
  const stopped = { name: "cancelled", reason: "operator" } as unknown as PlanState;
  assert.deepEqual(stateColumns(stopped), {
    state: "cancelled",
    reason: "operator",
    data: '{"name":"cancelled","reason":"operator"}',
  });
  assert.deepEqual(planState(stateColumns(stopped)), stopped);
});

test("the terms of a draft are read anew each time, those of any other plan once", () =>
  withStore(async (store) => {
    const { product } = await store.write((tables) => addFleet(tables, 0));
    const rows = planRows(SETTINGS, { productId: product.id, purpose: "update", createdAt: NOW }, []);
    const { id } = await store.write((tables) => tables.plans.insert(rows.plan, rows.parts));
    const cache = new PlanTermsCache();
    const named = async (): Promise<string> => (await cache.of(store.tables, id)).settings.name;
    const rename = (name: string, state: string) =>
      store.write((tables) => {
        const settings = JSON.stringify({ ...(JSON.parse(rows.plan.settings) as object), name });
        return tables.plans.update(id, { settings, state });
      });
    assert.equal(await named(), "spring");
    await rename("summer", "active");
    assert.equal(await named(), "summer");
    await rename("autumn", "active");
    assert.equal(await named(), "summer");
    await assert.rejects(cache.of(store.tables, id + 1), /there is no plan/);
  }));
