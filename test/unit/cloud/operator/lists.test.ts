import assert from "node:assert/strict";
import { test } from "node:test";
import type { Order, Page, Paged } from "../../../../cloud/operator/types.js";
import { type RestingCloud, withRestingCloud } from "../../../support/resting-cloud.js";
import { NOW, type SmallFleet, taskOf } from "../store/open-store.js";

const ROWS = 23;

interface List {
  /** Adds one entry. */
  add(cloud: RestingCloud, fleet: SmallFleet, index: number): Promise<unknown>;
  read(cloud: RestingCloud, page: Page): Promise<Paged<{ readonly id: number }>>;
  readonly byDefault: Order;
}

const LISTS: { readonly [name: string]: List } = {
  plans: {
    add: ({ write }, { plan }) => write((tables) => tables.plans.insert({ ...without(plan), name: "more" })),
    read: ({ operator }, page) => operator.plans({}, page),
    byDefault: "newest",
  },
  packages: {
    add: ({ write }, { target }, index) =>
      write((tables) => tables.packages.insert({ ...without(target), version: `3.0.${index}` }, [])),
    read: ({ operator }, page) => operator.packages("ABCDE12345", page),
    byDefault: "oldest",
  },
  devices: {
    add: ({ write }, { product }, index) =>
      write((tables) => tables.devices.insert({ productId: product.id, deviceName: `more${index}`, createdAt: NOW })),
    read: ({ operator }, page) => operator.devices({ productId: "ABCDE12345", online: false }, page),
    byDefault: "oldest",
  },
  tasks: {
    add: async ({ write }, fleet, index) =>
      write(async (tables) => {
        const { product } = fleet;
        const device = await tables.devices.insert({
          productId: product.id,
          deviceName: `more${index}`,
          createdAt: NOW,
        });
        await tables.tasks.insertMany([taskOf(fleet, device, { state: "failed", open: 0, reason: "-1" })]);
      }),
    read: ({ operator }, page) => operator.tasks({}, page),
    byDefault: "oldest",
  },
  events: {
    add: ({ write }) => write((tables) => tables.events.appendOne({ at: NOW, kind: "seen", detail: "{}" })),
    read: ({ operator }, page) => operator.events({}, page),
    byDefault: "oldest",
  },
  audit: {
    add: ({ write }) =>
      write((tables) =>
        tables.audit.append({ at: NOW, actor: "a", origin: "b", action: "c", subject: "d", detail: "{}" }),
      ),
    read: ({ operator }, page) => operator.audit(page),
    byDefault: "newest",
  },
};

function without<Row extends { readonly id: number }>({ id: _id, ...row }: Row): Omit<Row, "id"> {
  return row;
}

for (const [name, list] of Object.entries(LISTS)) {
  for (const order of ["newest", "oldest"] as const) {
    test(`${name}: pages with the ${order} first are complete, and nothing comes twice, while entries are added`, () =>
      withRestingCloud(async (cloud) => {
        const fleet = await cloud.fleet(1);
        for (let index = 0; index < ROWS; index++) await list.add(cloud, fleet, index);
        const before = (await list.read(cloud, { limit: 1000, order: "oldest" })).items.map(({ id }) => id);
        assert.ok(before.length >= ROWS);
        const read: number[] = [];
        let added = 0;
        for (let after: number | undefined, turn = 0; ; turn++) {
          const page = await list.read(cloud, { limit: 5, order, ...(after === undefined ? {} : { after }) });
          read.push(...page.items.map(({ id }) => id));
          // Fewer than are read, so that there is an end.
          if (turn < 3) await list.add(cloud, fleet, ROWS + added++);
          after = page.next;
          if (after === undefined) break;
        }
        const all = (await list.read(cloud, { limit: 1000, order: "oldest" })).items.map(({ id }) => id);
        assert.deepEqual(read, order === "oldest" ? all : before.toReversed());
      }));
  }

  test(`${name}: without an order the ${list.byDefault} is first`, () =>
    withRestingCloud(async (cloud) => {
      const fleet = await cloud.fleet(1);
      for (let index = 0; index < 3; index++) await list.add(cloud, fleet, index);
      const ids = async (page: Page): Promise<number[]> => (await list.read(cloud, page)).items.map(({ id }) => id);
      assert.deepEqual(await ids({}), await ids({ order: list.byDefault }));
    }));
}

test("events are listed by product, with those of its plans, and by the name of a device in any product", () =>
  withRestingCloud(async ({ operator, write, fleet }) => {
    const { plan, devices } = await fleet(1);
    const other = await write(async (tables) => {
      const product = await tables.products.insert({
        productId: "OTHER12345",
        name: "",
        registration: "off",
        createdAt: NOW,
      });
      return tables.devices.insert({ productId: product.id, deviceName: "d0", createdAt: NOW });
    });
    const event = { at: NOW, detail: "{}" };
    await write((tables) =>
      tables.events.append([
        { ...event, kind: "of-device", deviceId: devices[0]!.id },
        { ...event, kind: "of-plan", planId: plan.id },
        { ...event, kind: "of-other", deviceId: other.id },
        { ...event, kind: "of-none" },
      ]),
    );
    const kinds = async (filter: Parameters<typeof operator.events>[0], page: Page = {}): Promise<string[]> =>
      (await operator.events(filter, page)).items.map(({ kind }) => kind);
    assert.deepEqual(await kinds({ productId: "ABCDE12345" }), ["of-device", "of-plan"]);
    assert.deepEqual(await kinds({ productId: "OTHER12345" }), ["of-other"]);
    assert.deepEqual(await kinds({ deviceName: "d0" }, { order: "newest" }), ["of-other", "of-device"]);
    assert.deepEqual(await kinds({ deviceName: "nobody" }), []);
    assert.deepEqual(await kinds({ productId: "ABCDE12345", deviceName: "d0" }), ["of-device"]);
    await assert.rejects(operator.events({ productId: "NONE123456" }, {}), { code: "not-found" });
  }));
