import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Catalog, revive } from "../../../../cloud/console/state/catalog.js";
import { en } from "../../../../cloud/console/text/en/index.js";
import { zh } from "../../../../cloud/console/text/zh/index.js";
import { ROOT } from "../../../support/root.js";

type Text = (...values: unknown[]) => string;
interface Entry {
  readonly path: string;
  readonly text: string | Text;
}

/** Each text of a dictionary with its place. */
function entriesOf(value: unknown, path: string): Entry[] {
  if (typeof value === "string" || typeof value === "function") return [{ path, text: value as Entry["text"] }];
  return Object.entries(value as object).flatMap(([key, item]) => entriesOf(item, `${path}.${key}`));
}

const DICTIONARIES = { en, zh } as const;
const SAMPLES: readonly unknown[] = [0, 1, 2, 5, 6, 30, "", "lamp_1", true, false];

for (const language of ["en", "zh"] as const) {
  test(`the catalog that a browser loads says in ${language} what the dictionary says`, () => {
    const file = join(ROOT, "dist", "node", "cloud", "console", "page", `text-${language}.json`);
    const catalog = JSON.parse(readFileSync(file, "utf8")) as Catalog;
    const revived = new Map(entriesOf(revive(catalog), "").map(({ path, text }) => [path, text]));
    const written = entriesOf(DICTIONARIES[language], "");
    assert.deepEqual(
      [...revived.keys()],
      written.map(({ path }) => path),
    );
    for (const { path, text } of written) {
      const other = revived.get(path);
      if (typeof text === "string") assert.equal(other, text, path);
      else {
        for (const values of samplesFor(text.length)) {
          assert.equal((other as Text)(...values), text(...values), `${path} of ${JSON.stringify(values)}`);
        }
      }
    }
  });
}

/** Lists of so many values, in which each sample stands at each place. */
function samplesFor(count: number): unknown[][] {
  return SAMPLES.flatMap((_, shift) => [
    Array.from({ length: count }, (_, index) => SAMPLES[(index + shift) % SAMPLES.length]),
    Array.from({ length: count }, () => SAMPLES[shift]),
  ]);
}

test("both languages have the same texts, and none is empty", () => {
  const [english, chinese] = [entriesOf(en, ""), entriesOf(zh, "")];
  assert.deepEqual(chinese.map(({ path }) => path).sort(), english.map(({ path }) => path).sort());
  for (const { path, text } of [...english, ...chinese]) assert.notEqual(text, "", path);
});

test("every text in Chinese is in Chinese", () => {
  // Names of files, units and marks are the same in both.
  const same = /^[\s\p{P}\p{S}\dA-Za-z↑↓]{0,24}$/u;
  const english = new Map(entriesOf(en, "").map(({ path, text }) => [path, text]));
  const foreign = entriesOf(zh, "").filter(({ path, text }) => {
    const said = typeof text === "string" ? text : text("1", "2", "3", "4");
    return (
      !/[\u4e00-\u9fff]/.test(said) && !(same.test(said) && (typeof text === "function" || english.get(path) === text))
    );
  });
  assert.deepEqual(
    foreign.map(({ path, text }) => `${path}: ${text}`).filter((line) => !/command|Command/.test(line)),
    [],
  );
});
