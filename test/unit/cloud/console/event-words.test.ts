import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { detailOf } from "../../../../cloud/console/pages/log/event-detail.js";
import { sideOf } from "../../../../cloud/console/pages/log/event-side.js";
import { codes as en } from "../../../../cloud/console/text/en/codes.js";
import { codes as zh } from "../../../../cloud/console/text/zh/codes.js";
import { MACHINES } from "../../../machine/fleet-moves.js";
import { ROOT } from "../../../support/root.js";

const TASK_EVENTS = MACHINES.find(({ name }) => name === "task")?.events ?? [];

/** What a device reports is recorded under the name that the machine has for it. */
const REPORTS = TASK_EVENTS.filter((event) => event.endsWith("-reported"));

/** Every kind of event that the cloud can write into its history. */
function recordedKinds(): ReadonlySet<string> {
  const kinds = new Set(REPORTS);
  for (const { name, moves } of MACHINES) {
    for (const move of moves) {
      for (const effect of move.run().effects) if (effect.do === "record") kinds.add(`${name}-${effect.what}`);
    }
  }
  const folder = join(ROOT, "cloud/rollout");
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".ts"))) {
    const source = readFileSync(join(folder, file), "utf8");
    for (const [, kind = ""] of source.matchAll(/journal\.record\(\s*work,\s*"([^"]+)"/g)) kinds.add(kind);
  }
  return kinds;
}

test("the console has a sentence in both languages for each kind of event that the cloud can record", () => {
  const kinds = [...recordedKinds()].sort();
  assert.ok(kinds.length > 40, `only ${kinds.length} kinds were found`);
  for (const [language, words] of Object.entries({ en: en.event, zh: zh.event })) {
    assert.deepEqual(Object.keys(words).sort(), kinds, language);
    for (const [kind, sentence] of Object.entries(words)) assert.ok(sentence.length > 3, `${language} ${kind}`);
  }
});

test("only what a device reports stands on its side, and only offers on the platform's", () => {
  const sides = [...recordedKinds()].map((kind) => [kind, sideOf(kind)]);
  const on = (side: string): unknown[] => sides.filter(([, each]) => each === side).map(([kind]) => kind);
  assert.deepEqual(on("device").sort(), [...REPORTS].sort());
  assert.deepEqual(on("platform").sort(), ["task-offered", "task-offered-again"]);
});

test("each reason that a task is recorded with has a word in both languages", () => {
  const missing = new Set<string>();
  let reasons = 0;
  for (const { name, moves } of MACHINES) {
    for (const move of moves) {
      for (const effect of move.run().effects) {
        if (effect.do !== "record") continue;
        const { what, detail } = effect as unknown as { readonly what: string; readonly detail: string };
        const { reason, match } = detailOf({ kind: `${name}-${what}`, detail: { text: detail } });
        if (reason === undefined) continue;
        reasons += 1;
        for (const words of [en, zh]) {
          const isKnown = Object.hasOwn(words.reason, reason) || Object.hasOwn(words.planReason, reason);
          if (!isKnown) missing.add(`${name}-${what}: ${reason}`);
          if (match !== undefined && !Object.hasOwn(words.match, match)) missing.add(`match: ${match}`);
        }
      }
    }
  }
  assert.ok(reasons > 20, `only ${reasons} reasons were found`);
  assert.deepEqual([...missing], []);
});

test("an event's text is divided into what the page has words for and what the device wrote", () => {
  const of = (kind: string, text: string): object => detailOf({ kind, detail: { text } });
  assert.deepEqual(of("task-offered", "try 2"), { attempt: 2 });
  assert.deepEqual(of("task-failed", "-5 flash write <b>failed</b>"), {
    reason: "-5",
    quote: "flash write <b>failed</b>",
  });
  assert.deepEqual(of("task-failed", "-1 "), { reason: "-1" });
  assert.deepEqual(of("task-cancelled", "no-match denied"), { reason: "no-match", match: "denied" });
  assert.deepEqual(of("task-superseded", "12"), { planId: 12 });
  assert.deepEqual(of("task-downloading", "40"), { percent: 40 });
  assert.deepEqual(of("plan-halted", "5 of 50 failed or are silent"), { bad: { count: 5, ended: 50 } });
  assert.deepEqual(of("plan-halted", "package-withdrawn 3"), { reason: "package-withdrawn" });
  assert.deepEqual(of("plan-stopped", "ana"), { actor: "ana" });
  assert.deepEqual(of("plan-cancelled", "package"), {});
  assert.deepEqual(of("task-deferred", ""), {});
  assert.deepEqual(detailOf({ kind: "fail-reported", detail: { version: "2.0.0", code: "-4", message: "no" } }), {
    version: "2.0.0",
    reason: "-4",
    quote: "no",
  });
});
