import assert from "node:assert/strict";
import { test } from "node:test";
import { LastSeen } from "../../../../cloud/platform/last-seen.js";
import type { Work } from "../../../../cloud/rollout/work.js";

/** Notes messages, and tells which of them were written. */
class Notes {
  readonly seen = new LastSeen();
  readonly written: number[] = [];

  async note(nowMs: number, fails = false): Promise<void> {
    const effects: (() => void)[] = [];
    const tables = { devices: { touch: async (_id: number, at: number) => void this.written.push(at) } };
    await this.seen.note({ tables, nowMs, after: (effect: () => void) => effects.push(effect) } as unknown as Work, 7);
    if (!fails) for (const effect of effects) effect();
  }
}

test("each message is known exactly, and stored once in half a minute", async () => {
  const notes = new Notes();
  assert.equal(notes.seen.of(7), undefined);
  for (const at of [1000, 1010, 30_999, 31_000, 60_000]) await notes.note(at);
  assert.deepEqual(notes.written, [1000, 31_000]);
  assert.equal(notes.seen.of(7), 60_000);
});

test("what a failed transaction has written is written again by the next message", async () => {
  const notes = new Notes();
  await notes.note(1000, true);
  assert.equal(notes.seen.of(7), undefined);
  await notes.note(1001);
  assert.deepEqual(notes.written, [1000, 1001]);
});
