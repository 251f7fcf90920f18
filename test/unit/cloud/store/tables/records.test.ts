import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetEvent, NewEvent } from "../../../../../cloud/store/schema.js";
import { addFleet, NOW, taskOf, withStore } from "../open-store.js";

function event(more: Partial<NewEvent> = {}): NewEvent {
  return { at: NOW, deviceId: null, planId: null, taskId: null, kind: "seen", detail: "{}", ...more };
}

const ids = (events: readonly FleetEvent[]): number[] => events.map(({ id }) => id);

test("events come the newest first, or in their order after one; by device, plan, task and kind", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 2));
    const [a, b] = fleet.devices;
    const [task] = await store.write((tables) => tables.tasks.insertMany([taskOf(fleet, a!)]));
    const appended = await store.write((tables) =>
      tables.events.append([
        event({ deviceId: a!.id }),
        event({ deviceId: b!.id, planId: fleet.plan.id }),
        event({ deviceId: a!.id, planId: fleet.plan.id, taskId: task!.id, kind: "offered" }),
        event({ deviceId: a!.id, taskId: task!.id, kind: "progress" }),
      ]),
    );
    assert.deepEqual(appended, [1, 2, 3, 4]);
    const { events } = store.tables;
    assert.deepEqual(ids(await events.list()), [4, 3, 2, 1]);
    assert.deepEqual(ids(await events.list({}, { limit: 2 })), [4, 3]);
    assert.deepEqual(ids(await events.list({}, { after: 3 })), [2, 1]);
    assert.deepEqual(ids(await events.list({}, { after: 2, order: "oldest" })), [3, 4]);
    assert.deepEqual(ids(await events.list({ deviceIds: [a!.id] })), [4, 3, 1]);
    assert.deepEqual(ids(await events.list({ planId: fleet.plan.id })), [3, 2]);
    assert.deepEqual(ids(await events.list({ taskId: task!.id })), [4, 3]);
    assert.deepEqual(ids(await events.list({ taskId: task!.id, kind: "offered" })), [3]);
    assert.deepEqual(ids(await events.list({ taskId: task!.id + 1 })), []);
    assert.equal(await events.last(), 4);
  }));

test("a purge removes what is older, as many at a time as it is told, but never the newest of all", () =>
  withStore(async (store) => {
    const old = Array.from({ length: 2503 }, (_, index) => event({ at: NOW + index }));
    await store.write((tables) => tables.events.append(old));
    assert.equal(await store.write((tables) => tables.events.purge(NOW + 2000, 1500)), 1500);
    assert.equal(await store.write((tables) => tables.events.purge(NOW + 2000, 1500)), 500);
    assert.deepEqual(ids(await store.tables.events.list({}, { limit: 1, order: "oldest" })), [2001]);
    assert.equal(await store.write((tables) => tables.events.purge(NOW + 9999, 1000)), 502);
    assert.deepEqual(ids(await store.tables.events.list()), [2503]);
    await store.write((tables) => tables.events.append([event()]));
    assert.equal(await store.tables.events.last(), 2504);
  }));

test("a plan's events are purged, and no other's", () =>
  withStore(async (store) => {
    await store.write((tables) => tables.events.append([event({ planId: 1 }), event({ planId: 2 }), event()]));
    assert.equal(await store.write((tables) => tables.events.purgePlan(1, 10)), 1);
    assert.deepEqual(ids(await store.tables.events.list()), [3, 2]);
    assert.equal(await store.tables.events.last(), 3);
  }));

test("the audit is listed the newest first, by actor, action and subject", () =>
  withStore(async (store) => {
    const record = { at: NOW, actor: "ann", origin: "127.0.0.1", action: "plan.activate", subject: "1", detail: "{}" };
    await store.write(async (tables) => {
      await tables.audit.append(record);
      await tables.audit.append({ ...record, actor: "bob" });
      await tables.audit.append({ ...record, action: "plan.stop", subject: "2" });
    });
    const { audit } = store.tables;
    const listed = async (...filter: Parameters<typeof audit.list>): Promise<number[]> =>
      (await audit.list(...filter)).map(({ id }) => id);
    assert.deepEqual(await listed(), [3, 2, 1]);
    assert.deepEqual(await listed({ actor: "ann" }), [3, 1]);
    assert.deepEqual(await listed({ action: "plan.stop" }), [3]);
    assert.deepEqual(await listed({ subject: "1" }, { after: 2 }), [1]);
    assert.deepEqual(await listed({}, { limit: 1 }), [3]);
  }));

test("a token is found by its hash, and is revoked once", () =>
  withStore(async (store) => {
    const token = await store.write((tables) =>
      tables.tokens.insert({ name: "ann", role: "viewer", sha256: "a".repeat(64), createdAt: NOW }),
    );
    assert.equal((await store.tables.tokens.findByHash("a".repeat(64)))?.id, token.id);
    assert.equal(await store.tables.tokens.findByHash("b".repeat(64)), undefined);
    await store.write((tables) => tables.tokens.touch(token.id, NOW + 1));
    assert.equal(await store.write((tables) => tables.tokens.revoke(token.id, NOW + 2)), true);
    assert.equal(await store.write((tables) => tables.tokens.revoke(token.id, NOW + 3)), false);
    const [listed] = await store.tables.tokens.list();
    assert.deepEqual([listed?.lastUsedAt, listed?.revokedAt], [NOW + 1, NOW + 2]);
  }));

test("a setting is set, replaced and removed", () =>
  withStore(async (store) => {
    const { settings } = store.tables;
    for (const value of ["1", "2"]) {
      await store.write((tables) => tables.settings.set("a", value));
      assert.equal(await settings.get("a"), value);
    }
    await store.write((tables) => tables.settings.remove("a"));
    assert.equal(await settings.get("a"), undefined);
  }));
