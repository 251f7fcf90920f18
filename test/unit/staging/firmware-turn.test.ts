import assert from "node:assert/strict";
import { test } from "node:test";
import type { Offer } from "../../../src/protocol/messages.js";
import { FirmwareTurn } from "../../../src/staging/firmware-turn.js";
import type { Failure } from "../../../src/update/machine/types.js";

const OFFER: Offer = { version: "0.2.0", url: "http://h.test/f", md5: "0".repeat(32), size: 4096 };

/** `answers` are those of the turn's gate; `ends` counts how often the others could go on. */
class Bench {
  isFree = true;
  ends = 0;
  readonly answers: (Failure | undefined)[] = [];
  readonly turn = new FirmwareTurn({ makeRoom: () => this.isFree, onEnded: () => void this.ends++ });
  readonly answer = (failure?: Failure): void => void this.answers.push(failure);
}

test("the turn is taken at once if the area is free, or can be made so", () => {
  const { turn, answers, answer } = new Bench();
  turn.gate(undefined).ask("download", OFFER, answer);
  assert.deepEqual([answers, turn.hasTurn, turn.waits], [[undefined], true, false]);
});

test("an installation that is under way is waited for, and the answer comes once", () => {
  const bench = new Bench();
  bench.isFree = false;
  bench.turn.gate(undefined).ask("install", OFFER, bench.answer);
  bench.turn.takeIfFree();
  assert.deepEqual([bench.answers, bench.turn.waits], [[], true]);
  bench.isFree = true;
  bench.turn.takeIfFree();
  bench.turn.takeIfFree();
  assert.deepEqual([bench.answers, bench.turn.hasTurn], [[undefined], true]);
});

test("a firmware that does not wait takes no turn", () => {
  const { turn } = new Bench();
  turn.takeIfFree();
  assert.equal(turn.hasTurn, false);
});

test("the turn of an earlier offer ends with the next one, which asks the policy anew", () => {
  const bench = new Bench();
  const asked: ((failure?: Failure) => void)[] = [];
  let withdrawn = 0;
  const gate = bench.turn.gate({
    ask: (_step, _offer, answer) => void asked.push(answer),
    withdraw: () => void withdrawn++,
  });
  gate.ask("download", OFFER, bench.answer);
  asked[0]?.();
  assert.deepEqual([bench.answers.length, bench.turn.hasTurn, bench.ends], [1, true, 0]);
  gate.ask("install", OFFER, bench.answer);
  assert.equal(bench.turn.hasTurn, true, "the installation is a step of the same update");
  gate.ask("download", { ...OFFER, version: "0.3.0" }, bench.answer);
  assert.deepEqual([bench.turn.hasTurn, bench.ends], [false, 1]);
  const no: Failure = { code: "declined", message: "no" };
  asked[2]?.(no);
  assert.deepEqual([bench.answers.at(-1), bench.turn.waits], [no, false]);
  gate.withdraw();
  assert.deepEqual([withdrawn, bench.ends], [1, 2]);
});
