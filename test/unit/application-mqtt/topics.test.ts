import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkTopic, levelsOfFilter, matchesTopic } from "../../../src/application-mqtt/topics.js";
import { OtaError } from "../../../src/errors.js";
import { REPEAT, SEED } from "../../support/seed.js";

/** MQTT 3.1.1 §4.7: the examples of the standard, which are not normative, and what follows from its sentences. */
const MATCHES: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/tennis/player1/#", "sport/tennis/player10", false],
  ["sport/#", "sport", true],
  ["#", "sport/tennis/player1", true],
  ["#", "/", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["+/tennis/#", "sport/tennis", true],
  ["sport/+/player1", "sport/tennis/player1", true],
  ["sport/+/player1", "sport/tennis/tennis/player1", false],
  ["#", "$SYS/broker", false],
  ["+/monitor/Clients", "$SYS/monitor/Clients", false],
  ["$SYS/#", "$SYS/", true],
  ["$SYS/#", "$SYS/monitor", true],
  ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
  ["a/$b", "a/$b", true],
  ["a/+", "a/$b", true],
  ["Accounts", "ACCOUNTS", false],
  ["a b/c", "a b/c", true],
  ["a", "a/", false],
  ["a/", "a", false],
  ["a//c", "a//c", true],
  ["a/+/c", "a//c", true],
  ["a/#", "b", false],
  ["PRODUCT/DEVICE/control", "PRODUCT/DEVICE/control", true],
];

for (const [filter, topic, matches] of MATCHES) {
  test(`${filter} ${matches ? "matches" : "does not match"} ${topic}`, () => {
    assert.equal(matchesTopic(levelsOfFilter(filter), topic), matches);
  });
}

test(`any filter matches what a comparison of all levels says; ${REPEAT}`, () => {
  const level = fc.constantFrom("", "a", "b", "$a");
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  const filters = fc
    .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, more]) => [...levels, ...(more ? ["#"] : [])].join("/"))
    .filter((filter) => filter !== "");
  fc.assert(
    fc.property(filters, topics, (filter, topic) => {
      assert.equal(matchesTopic(levelsOfFilter(filter), topic), comparison(filter, topic), `${filter} ${topic}`);
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

const REFUSED_FILTERS: readonly unknown[] = [
  ...["", "a/#/b", "#/a", "a#", "a/b#", "a+", "+a", "a/+b", "##", "a\0b"],
  ...["x".repeat(256), "é".repeat(128), undefined, null, 7, {}],
  ...["$ota", "$ota/#", "$ota/+/PRODUCT/DEVICE", "$ota/update/PRODUCT/DEVICE", "$gateway/#", "$gateway/operation/#"],
  ...["$share/group/$ota/#", "$share/group/a", "+/$ota/#", "$queue/$gateway/#"],
];

const REFUSED_TOPICS: readonly unknown[] = [
  ...["", "a/+", "a/#", "#", "a+b", "a\0b", "x".repeat(256), undefined, 7],
  ...["$ota/report/PRODUCT/DEVICE", "$ota", "$gateway/operation/PRODUCT/DEVICE", "$delayed/5/$ota/report/P/D"],
];

test("a filter that is none, and one for the agent's topics, is refused and says why", () => {
  for (const filter of REFUSED_FILTERS) refused(() => levelsOfFilter(filter as string), filter, "filter");
});

test("a topic that is none, and one of the agent's, is refused and says why", () => {
  for (const topic of REFUSED_TOPICS) refused(() => checkTopic(topic as string), topic, "topic");
});

test("a topic and a filter of 255 bytes, and those of the platform's other services, are taken", () => {
  for (const topic of ["x".repeat(255), "$thing/up/property/P/D", "$sys/operation/P/D", "P/D/$otax", "/", " "]) {
    assert.equal(checkTopic(topic), Buffer.byteLength(topic));
    assert.deepEqual(levelsOfFilter(topic), topic.split("/"));
  }
  assert.equal(checkTopic("é"), 2);
});

function refused(use: () => unknown, value: unknown, what: string): void {
  assert.throws(
    use,
    (error) => error instanceof OtaError && error.code === "usage" && error.message.startsWith(`${what} `),
    String(value),
  );
}

/** §4.7, word by word. */
function comparison(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split("/"), topic.split("/")];
  if (levels[0]?.startsWith("$") === true && ["+", "#"].includes(wanted[0] ?? "")) return false;
  const more = wanted.at(-1) === "#";
  const fixed = more ? wanted.slice(0, -1) : wanted;
  if (more ? levels.length < fixed.length : levels.length !== fixed.length) return false;
  return fixed.every((level, index) => level === "+" || level === levels[index]);
}
