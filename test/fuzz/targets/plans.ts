import assert from "node:assert/strict";
import { BlockedUpdates } from "../../../src/components/blocked-updates.js";
import { type ManifestAnswer, ManifestReader } from "../../../src/plans/manifest.js";
import { PlanMemory } from "../../../src/plans/memory.js";
import { decodePlans, encodePlans, ENTRY_LIMIT, fitting } from "../../../src/plans/record.js";
import { decide } from "../../../src/plans/decision.js";
import { resolvePolicy } from "../../../src/plans/policy.js";
import {
  decodeRequirements,
  REQUIREMENTS as REQUIREMENT_FIELDS,
  type Requirements,
} from "../../../src/protocol/requirements.js";
import { readMessage } from "../../../src/protocol/json.js";
import { FakeHttp } from "../../support/fake-http.js";
import { MemoryStore } from "../../support/planning.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { cut, streams, type Target, text, withCrc } from "../target.js";

const RECORD_LIMIT = 508;
const NOW = 1_800_000_000;
const LONGEST_SECONDS = 0xffffffff;
const POLICY = resolvePolicy({});
const IMAGES = Array.from({ length: ENTRY_LIMIT + 1 }, (_, index) => ({
  version: `2.${index}`,
  md5: "ab".repeat(16),
  size: 1000 + index,
}));

const REQUIREMENTS = [
  '{"sourceVersion":"1.0","minBatteryPercent":30,"minSignalDbm":-113,"space":698000,"kind":"module","component":"firmware"}',
  '{"kind":"mcu","component":"mcu","x":[{"y":null}]}',
  '{"space":0,"minBatteryPercent":100}',
  "{}",
  '{"minSignalDbm":0.5}',
  "[]",
];
const WORDS = [
  '"sourceVersion":',
  '"minBatteryPercent":',
  '"minSignalDbm":',
  '"space":',
  '"kind":',
  '"component":',
  '"wrong":',
  '"__proto__":{',
  '"constructor":{',
  "null",
  "-0",
  "1e999",
  "-201",
  "100.5",
  '"\\u0000"',
  '"\\ud800"',
  '"module"',
  '"mcu"',
  "[[[[[[[[[[[[[[[[[",
  '{"a":',
  "\xff",
  "\xef\xbb\xbf",
];

/** What a manifest, or an offer, requires. */
export const requirements: Target = {
  name: "requirements",
  weight: 40,
  corpus: text(...REQUIREMENTS),
  words: WORDS,
  run(input) {
    const fields = readMessage(input, REQUIREMENT_FIELDS);
    if (typeof fields !== "string") checkRequirements(decodeRequirements(fields) ?? {});
  },
};

/** The body of a manifest, as a server may send it. */
export const manifest: Target = {
  name: "manifest",
  weight: 30,
  corpus: streams(...text(...REQUIREMENTS, `{"space":5${" ".repeat(1013)}}`, `{"space":5${" ".repeat(1014)}}`)),
  words: WORDS,
  run(input) {
    const answer = manifestOf(cut(input));
    assert.ok(!("unknown" in answer), "it was sent to its end");
    if ("found" in answer) checkRequirements(answer.found);
    if (input.byteLength - 1 > 1024) {
      const fault = "found" in answer ? answer.found.wrong : `manifest is ${answer.none}`;
      assert.equal(fault, "manifest is over 1024 bytes");
    }
    assert.deepEqual(manifestOf([input.slice(1)]), answer, "it matters how the bytes were cut");
  },
};

function manifestOf(pieces: readonly Uint8Array[]): ManifestAnswer {
  const [http, clock] = [new FakeHttp(), new VirtualClock()];
  const answers: ManifestAnswer[] = [];
  new ManifestReader({
    http,
    clock,
    url: "http://h.test/f.bin?sign=1",
    tls: {},
    onEnded: (answer) => answers.push(answer),
  });
  http.exchange.head({ status: 200 });
  for (const piece of pieces) if (!http.exchange.closed) http.exchange.send(piece);
  if (!http.exchange.closed) http.exchange.end();
  clock.advance(60_000);
  assert.ok(answers.length === 1 && http.exchange.closed && clock.names().length === 0, `${answers.length} answers`);
  assert.equal(http.exchange.readsAfterClose, 0);
  return answers[0] as ManifestAnswer;
}

/** They are within their bounds, are the same once printed and read again, and a decision about them is printable. */
function checkRequirements(found: Requirements): void {
  const { sourceVersion, minBatteryPercent = 0, minSignalDbm = 0, space = 0, kind, component, wrong } = found;
  for (const name of [sourceVersion, component]) assert.ok(name === undefined || /^[A-Za-z0-9._-]{1,32}$/.test(name));
  assert.ok(minBatteryPercent >= 0 && minBatteryPercent <= 100 && minSignalDbm >= -200 && minSignalDbm <= 0);
  assert.ok(
    space >= 0 && space <= Number.MAX_SAFE_INTEGER && (kind === undefined || kind === "module" || kind === "mcu"),
  );
  const printed = JSON.stringify(found);
  if (wrong === undefined) {
    assert.equal(JSON.stringify(decodeRequirements(JSON.parse(printed) as { [key: string]: unknown }) ?? {}), printed);
  }
  for (const runningVersion of [undefined, "1.0"]) {
    const decision = decide({
      step: "download",
      policy: POLICY,
      requirements: found,
      consent: false,
      hasListener: false,
      remembered: { declined: false, accepted: [], failures: 0, cooling: undefined, deferredSeconds: 0 },
      runningVersion,
      component: "firmware",
      kind: "module",
      capacity: 1_000_000,
      vitals: { batteryPercent: () => 20, signalDbm: () => -120 },
      unixTime: undefined,
    });
    if (wrong !== undefined) assert.equal(decision.do, "decline");
    if (decision.do === "decline") assert.match(decision.reason, /^[ -~]{1,120}$/);
    if (sourceVersion !== undefined && sourceVersion !== runningVersion) assert.notEqual(decision.do, "go");
  }
}

/** The memory of plans, as a worn key-value store may give it back. */
export const planRecord: Target = {
  name: "plan-record",
  weight: 30,
  corpus: [0, 1, 5, ENTRY_LIMIT].map(memoryOf),
  words: ["\x01", "\0\0\0\0", "\xff\xff\xff\xff", "\x02\x0a", "\x01\x0d", "\x3f", "\xff", "\x0cfirmware 2.1"],
  repair: withCrc,
  run(input) {
    const found = decodePlans(input);
    assert.ok(found.length <= ENTRY_LIMIT);
    const fit = fitting(found);
    const printed = encodePlans(fit);
    assert.ok(printed.byteLength <= RECORD_LIMIT);
    const again = decodePlans(printed);
    assert.equal(again.length, fit.length);
    // A label that was no UTF-8, or was cut, is another one; nothing else may change.
    assert.deepEqual(
      again.map((entry) => ({ ...entry, label: "" })),
      fit.map((entry) => ({ ...entry, label: "" })),
    );
    for (const unix of [undefined, NOW]) liveWith(input, unix);
  },
};

/** For any content of the memory, each image can be decided about, and the decision is remembered. */
function liveWith(record: Uint8Array, unix: number | undefined): void {
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  clock.unix = unix;
  store.records.set("plans", record);
  const log = (level: string, _area: string, message: () => string): void => assert.notEqual(level, "error", message());
  const open = (): PlanMemory => new PlanMemory({ store, clock, log, budget: { maxAttempts: 5, coolDownSeconds: 60 } });
  const memory = open();
  for (const image of IMAGES) {
    const { failures, deferredSeconds } = memory.recall("firmware", image);
    assert.ok(failures >= 0 && failures <= 255 && deferredSeconds >= 0 && deferredSeconds <= LONGEST_SECONDS);
    const leftMs = memory.deadlineMs("firmware", image, 600);
    assert.ok(Number.isFinite(leftMs) && leftMs <= 600_000, `${leftMs} ms left`);
  }
  const [first, second, third] = IMAGES as [(typeof IMAGES)[0], (typeof IMAGES)[0], (typeof IMAGES)[0]];
  memory.decline("firmware", first);
  memory.fail("firmware", second, true);
  memory.accept("firmware", third, "install");
  const again = open();
  for (const image of [first, second, third]) {
    assert.deepEqual(again.recall("firmware", image), memory.recall("firmware", image));
  }
  assert.equal(again.recall("firmware", first).declined, true);
  assert.equal(again.recall("firmware", second).cooling, "reverted");
  assert.equal(again.recall("firmware", third).accepted.includes("install"), true);
}

function memoryOf(count: number): Uint8Array {
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  clock.unix = NOW - 30;
  const memory = new PlanMemory({ store, clock, log: () => {}, budget: { maxAttempts: 2, coolDownSeconds: 600 } });
  IMAGES.slice(0, count).forEach((image, index) => {
    if (index % 4 === 0) memory.defer("firmware", image, 3600);
    else if (index % 4 === 1) memory.decline("firmware", image);
    else if (index % 4 === 2) memory.accept("firmware", image, "download");
    else memory.fail("firmware", image, index % 8 === 3);
    memory.deadlineMs("firmware", image, 600);
  });
  return store.records.get("plans") ?? encodePlans([]);
}

/** The record of images that failed components hold back. */
export const blocked: Target = {
  name: "blocked",
  weight: 15,
  corpus: text(
    `firmware ${"ab".repeat(16)} mcu`,
    [`mcu ${"ab".repeat(16)} radio`, `firmware ${"ab".repeat(16)} mcu`, `led ${"cd".repeat(16)} radio-2`].join("\n"),
  ),
  words: ["firmware ", " mcu", "\n", "ab".repeat(16), "\0", "\xc3\xa9", "\u2028", "\r"],
  run(input) {
    const store = new MemoryStore();
    store.records.set("blocked", input);
    const [image, other] = IMAGES as [(typeof IMAGES)[0], (typeof IMAGES)[0]];
    const found = new BlockedUpdates({ store }).find("firmware", image);
    if (found !== undefined) assert.match(found, /^[A-Za-z0-9._-]{1,32}$/);
    if (input.byteLength > RECORD_LIMIT) return;
    new BlockedUpdates({ store }).remove("led", other);
    assert.equal(new BlockedUpdates({ store }).find("firmware", image), found);
    new BlockedUpdates({ store }).add("firmware", image, "mcu");
    assert.equal(new BlockedUpdates({ store }).find("firmware", image), "mcu");
    new BlockedUpdates({ store }).remove("firmware", image);
    assert.equal(new BlockedUpdates({ store }).find("firmware", image), undefined);
  },
};
