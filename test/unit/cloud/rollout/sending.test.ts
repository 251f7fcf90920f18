import assert from "node:assert/strict";
import { test } from "node:test";
import { Sending } from "../../../../cloud/rollout/sending.js";
import type { Transactions, Work } from "../../../../cloud/rollout/work.js";
import type { Task } from "../../../../cloud/store/schema.js";

/** Three pieces. */
const TASKS = 450;
const PIECE = 200;

/** A plan whose tasks have all been offered at the time 1. */
function offered(): Transactions {
  const tasks = Array.from({ length: TASKS }, (_, index) => ({ id: index + 1, planId: 1, offeredAt: 1 }));
  const ofPlan = async (_planId: number, { limit = TASKS, after = 0 }) =>
    tasks.filter(({ id }) => id > after).slice(0, limit);
  const tables = { plans: { listUnfinished: async () => [{ id: 1 }] }, taskLists: { ofPlan } };
  const run = (body: (work: Work) => Promise<unknown>) => body({} as Work);
  return { tables, run, nowMs: () => 10 } as unknown as Transactions;
}

async function takenBack(onPiece: (sending: Sending) => void): Promise<number> {
  let count = 0;
  const sending: Sending = new Sending({
    transactions: offered(),
    tell: async (_work: Work, { length }: readonly Task[]) => {
      count += length;
      onPiece(sending);
    },
    onTold: () => {},
    onFailed: (error) => assert.fail(String(error)),
  });
  sending.mayBeLost();
  await sending.carryOn();
  return count;
}

test("offers that may be lost are taken back, all of them", async () => {
  assert.equal(await takenBack(() => {}), TASKS);
});

test("who stands down takes back no further piece: the rest is the next leader's", async () => {
  assert.equal(await takenBack((sending) => sending.close()), PIECE);
});
