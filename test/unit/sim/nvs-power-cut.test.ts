import assert from "node:assert/strict";
import { test } from "node:test";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { encodeItem, TYPE_BLOB_INDEX } from "../../../hal/boards/sim/nvs/page.js";
import { NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { bytesOf, type Cut, cutsOf, RecordingMedium } from "../../support/power-cuts.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const NAMESPACE = "ota";
const KEYS = ["job", "outbox", "mark", "x"];
const partitionOf = (
  pages: number,
): { label: string; type: number; subtype: number; offset: number; size: number } => ({
  label: "nvs",
  type: 1,
  subtype: 2,
  offset: 0,
  size: pages * SECTOR_LENGTH,
});

/** How the values are stored: as strings they are base64. */
type Kind = "blob" | "string" | "mixed";

/** What the keys hold, `undefined` for none. */
type Content = Map<string, Buffer | undefined>;

interface Step {
  readonly key: string;
  readonly value: Buffer | undefined;
  /** Count of the medium's operations in all, once this step was done. */
  readonly operationsAfter: number;
}

for (const [kind, pages, steps, longest] of [
  ["blob", 3, 90, 509],
  ["blob", 6, 50, 509],
  ["blob", 2, 100, 120],
  ["string", 3, 110, 380],
  ["mixed", 3, 90, 380],
] as const) {
  test(`a cut at any operation leaves each key old or new and all others alone: ${kind}, ${pages} pages`, () => {
    const random = new SeededRandom();
    const checked = eachCut(life(kind, pages, steps, longest, random), random, (cut, content, next) => {
      assertOldOrNew(cut, mount(cut.bytes, pages), content, next);
    });
    assert.ok(checked > 500, `${checked} cuts`);
  });
}

test("a cut inside the repair after a cut loses nothing either", () => {
  const random = new SeededRandom();
  let clearings = 0;
  eachCut(life("mixed", 3, 30, 380, random), random, (cut, content, next) => {
    const recording = new RecordingMedium();
    new Nvs(new NorFlash(cut.bytes.slice(), recording), partitionOf(3));
    if (recording.operations.length === 0) return;
    clearings++;
    for (const second of cutsOf(cut.bytes, recording.operations, random)) {
      const both = { ...second, operation: cut.operation, how: `${cut.how}, then ${second.operation}: ${second.how}` };
      assertOldOrNew(both, mount(second.bytes, 3), content, next);
    }
  });
  assert.ok(clearings > 30, `${clearings} mounts had to clear up`);
});

test("a board that is cut again and again goes on writing and never fills up", () => {
  const random = new SeededRandom();
  let bytes: Uint8Array = new Uint8Array(3 * SECTOR_LENGTH).fill(0xff);
  const content = emptyContent();
  for (let round = 0; round < 250; round++) {
    const medium = new RecordingMedium();
    const store = new Nvs(new NorFlash(bytes.slice(), medium), partitionOf(3));
    for (const key of KEYS) assert.deepEqual(store.get(NAMESPACE, key), content.get(key), `round ${round}; ${REPEAT}`);
    const key = KEYS[random.integer(0, KEYS.length)] as string;
    const value = Buffer.from(random.bytes(random.integer(0, 509)));
    store.set(NAMESPACE, key, value);
    const cuts = [...cutsOf(bytes, medium.operations, random)];
    const cut = cuts[random.integer(0, cuts.length)] as Cut;
    bytes = cut.bytes;
    const found = mount(bytes, 3).get(NAMESPACE, key);
    assert.ok(same(found, content.get(key)) || same(found, value), `round ${round}: ${cut.how}; ${REPEAT}`);
    content.set(key, found);
  }
});

test("a value that looks like entries of NVS is not taken for them after a cut", () => {
  const random = new SeededRandom();
  const forged = encodeItem({
    namespace: 1,
    type: TYPE_BLOB_INDEX,
    span: 1,
    chunk: 0xff,
    key: "job",
    data: Buffer.from("0000000001 00 ffff".replaceAll(" ", ""), "hex"),
  });
  const medium = new RecordingMedium();
  const flash = NorFlash.blank(3 * SECTOR_LENGTH, medium);
  const store = new Nvs(flash, partitionOf(3));
  store.set(NAMESPACE, "job", Buffer.from("kept"));
  for (let count = 0; count < 30; count++) {
    const before = bytesOf(flash);
    medium.operations.length = 0;
    store.set(NAMESPACE, "mimic", Buffer.concat([Buffer.alloc(32, count), forged, forged, forged, forged]));
    for (const cut of cutsOf(before, medium.operations, random)) {
      const found = mount(cut.bytes, 3).get(NAMESPACE, "job");
      const where = `write ${count}, operation ${cut.operation} ${cut.how}; ${REPEAT}`;
      assert.ok(same(found, Buffer.from("kept")), `${describe(found)}: ${where}`);
    }
  }
});

interface Life {
  readonly start: Uint8Array;
  readonly medium: RecordingMedium;
  readonly history: readonly Step[];
}

/** A long random series of writes and deletes, recorded. */
function life(kind: Kind, pages: number, steps: number, longest: number, random: SeededRandom): Life {
  const medium = new RecordingMedium();
  const flash = NorFlash.blank(pages * SECTOR_LENGTH, medium);
  const start = bytesOf(flash);
  const store = new Nvs(flash, partitionOf(pages));
  const history: Step[] = [];
  for (let count = 0; count < steps; count++) {
    const key = KEYS[random.integer(0, KEYS.length)] as string;
    const value = random.integer(0, 6) === 0 ? undefined : Buffer.from(random.bytes(random.integer(0, longest)));
    if (value === undefined) store.delete(NAMESPACE, key);
    else if (kind === "blob" || (kind === "mixed" && random.integer(0, 2) === 0)) store.set(NAMESPACE, key, value);
    else store.setString(NAMESPACE, key, value.toString("base64"));
    history.push({ key, value, operationsAfter: medium.operations.length });
  }
  return { medium, history, start };
}

/** Calls back for each cut, with what was stored for good by then and the step that was under way. @returns how many */
function eachCut(
  { start, medium, history }: Life,
  random: SeededRandom,
  check: (cut: Cut, content: Content, next: Step | undefined) => void,
): number {
  const content = emptyContent();
  let step = 0;
  let count = 0;
  for (const cut of cutsOf(start, medium.operations, random)) {
    while (step < history.length && (history[step] as Step).operationsAfter <= cut.operation) {
      const { key, value } = history[step++] as Step;
      content.set(key, value);
    }
    check(cut, content, history[step]);
    count++;
  }
  assert.equal(step, history.length);
  return count;
}

function assertOldOrNew(cut: Cut, store: Nvs, content: Content, next: Step | undefined): void {
  for (const [key, value] of content) {
    const found = read(store, key);
    const fine = same(found, value) || (next?.key === key && same(found, next.value));
    assert.ok(
      fine,
      `${key} is ${describe(found)}, was ${describe(value)}: operation ${cut.operation}, ${cut.how}; ${REPEAT}`,
    );
  }
}

function read(store: Nvs, key: string): Buffer | undefined {
  const text = store.getString(NAMESPACE, key);
  return text === undefined ? store.get(NAMESPACE, key) : Buffer.from(text, "base64");
}

function mount(bytes: Uint8Array, pages: number): Nvs {
  return new Nvs(new NorFlash(bytes, NO_MEDIUM), partitionOf(pages));
}

function emptyContent(): Content {
  return new Map(KEYS.map((key) => [key, undefined]));
}

function same(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === undefined || right === undefined ? left === right : left.equals(right);
}

function describe(value: Buffer | undefined): string {
  return value === undefined ? "absent" : `${value.byteLength} bytes ${value.toString("hex", 0, 8)}`;
}
