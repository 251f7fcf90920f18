import assert from "node:assert/strict";
import { test } from "node:test";
import { type AskedPlan, Person } from "../../../../cli/demo/person.js";

const ENTRY = { answerMs: 2500, defersFirst: false };
const LOW = { what: "battery", required: 30, measured: 12 } as const;

/** @returns what the person does with these plans, one after the other */
function answers(entry: Partial<typeof ENTRY>, plans: readonly Partial<AskedPlan>[]): string[] {
  const done: string[] = [];
  const person = new Person({
    entry: { ...ENTRY, ...entry },
    onDeclined: () => done.push("strike"),
    after: (delayMs, answer) => {
      done.push(`after ${delayMs}`);
      answer();
    },
  });
  for (const plan of plans) {
    person.onPlan({
      asks: true,
      unmet: [],
      deferralsLeft: 3,
      accept: () => done.push("accept"),
      decline: (reason) => done.push(`decline ${reason}`),
      defer: ({ seconds }) => done.push(`defer ${seconds}`),
      ...plan,
    });
  }
  return done;
}

test("a person who is asked accepts after a while", () => {
  assert.deepEqual(answers({}, [{}]), ["after 2500", "accept"]);
});

test("a battery that is too low is declined, at once if nobody is asked", () => {
  assert.deepEqual(answers({}, [{ unmet: [LOW] }]), ["after 2500", "strike", "decline battery at 12 %, 30 % needed"]);
  assert.deepEqual(answers({}, [{ asks: false, unmet: [LOW] }]), ["strike", "decline battery at 12 %, 30 % needed"]);
});

test("a plan that only is shown is left alone", () => {
  assert.deepEqual(answers({ defersFirst: true }, [{ asks: false }]), []);
});

test("who defers first accepts when asked again", () => {
  assert.deepEqual(answers({ defersFirst: true }, [{}, { deferralsLeft: 2 }]), [
    "after 2500",
    "defer 10",
    "after 2500",
    "accept",
  ]);
});
