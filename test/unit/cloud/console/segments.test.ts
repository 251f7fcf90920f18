import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type ListState, Segments } from "../../../../cloud/console/state/segments.js";
import type { Paged } from "../../../../cloud/operator/types.js";

const LIMIT = 100;

/** Loads of a list, the newest first, each of which is answered when the test wants it. */
class SlowList {
  count: number;
  readonly loads: { readonly after: number | undefined; answer(): Promise<void> }[] = [];
  shown: readonly number[] = [];
  readonly segments: Segments<number>;

  constructor(count: number) {
    this.count = count;
    this.segments = new Segments<number>({
      load: (after) =>
        new Promise((resolve) => {
          const page = this.#page(after);
          this.loads.push({
            after,
            answer: async () => {
              resolve(page);
              await new Promise(setImmediate);
            },
          });
        }),
      onChange: ({ segments }: ListState<number>) => {
        this.shown = segments.flatMap(({ items }) => items);
      },
    });
  }

  /** As it is when the cloud gets the request. */
  #page(after = this.count + 1): Paged<number> {
    const length = Math.min(LIMIT, after - 1);
    const items = Array.from({ length }, (_, index) => after - 1 - index);
    return { items, ...(length === LIMIT ? { next: after - LIMIT } : {}) };
  }

  /** Answers what is asked, until nothing is. */
  async settle(): Promise<void> {
    for (let load = this.loads.shift(); load !== undefined; load = this.loads.shift()) await load.answer();
  }

  assertWhole(): void {
    assert.deepEqual(
      this.shown,
      Array.from({ length: this.shown.length }, (_, index) => this.count - index),
    );
  }
}

async function withList(count: number, body: (list: SlowList) => Promise<void>): Promise<void> {
  let nowMs = 0;
  const now = mock.method(performance, "now", () => (nowMs += 10_000));
  const list = new SlowList(count);
  try {
    list.segments.begin();
    await body(list);
  } finally {
    list.segments.close();
    now.mock.restore();
  }
}

test("a list that is extended while its beginning is loaded anew has no gap", () =>
  withList(1000, async (list) => {
    await list.loads.shift()?.answer();
    // What is extended comes from behind the old end.
    const further = list.loads.shift();
    assert.equal(further?.after, 901);
    list.count += 5;
    list.segments.refresh();
    await list.loads.shift()?.answer();
    await further?.answer();
    await list.settle();
    assert.ok(list.shown.length > LIMIT);
    list.assertWhole();
  }));

test("an answer that is late does not replace that of a later load", () =>
  withList(50, async (list) => {
    await list.settle();
    list.segments.refresh();
    list.count += 1;
    list.segments.refresh();
    const [early, late] = list.loads.splice(0);
    await late?.answer();
    list.assertWhole();
    await early?.answer();
    await list.settle();
    list.assertWhole();
  }));

test("a list shows the answers of loads that come in their order, however slow they are", () =>
  withList(50, async (list) => {
    await list.settle();
    for (let round = 0; round < 5; round++) {
      list.count += 1;
      list.segments.refresh();
      list.segments.refresh();
      // There is always a later load under way.
      await list.loads.shift()?.answer();
      list.assertWhole();
      list.loads.shift();
    }
  }));
