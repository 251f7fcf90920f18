import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHIPS } from "../fault/chips.js";
import { ENGINES } from "../fault/engines.js";
import type { Signer } from "../support/seals.js";
import { VENDOR } from "./files.js";
import { run } from "./run.js";
import { ATTACKS } from "./table.js";

const BOARDS = [
  { chip: "small", native: true },
  { chip: "small", native: false },
  { chip: "sim", native: true },
] as const;

describe("each attack is refused, and the vendor's own update is taken after it", () => {
  for (const attack of ATTACKS) {
    for (const { chip, native } of BOARDS) {
      test(`${attack.name}: on the ${chip} chip, verified ${native ? "by native code" : "in BigInt"}`, () => {
        assert.deepEqual(run({ attack, makeChip: CHIPS[chip], native }).violations, []);
      });
    }
  }
  test("an old sealed image as a delta", { skip: "there are no deltas" }, () => {});
});

describe("a key that is none is refused before anything else", () => {
  for (const [name, point] of [
    ["a point that is not on the curve", changed(VENDOR.publicKey)],
    ["zeros", new Uint8Array(64)],
    ["the point at infinity", Uint8Array.of(0)],
    ["a point of the curve with a byte too many", new Uint8Array([...VENDOR.publicKey, 0])],
  ] as const) {
    for (const engine of ["node", "xs"] as const) {
      test(`${name}, on ${engine}`, () => {
        const trusted = [{ ...VENDOR, pem: pemOf(point) } satisfies Signer];
        const [attack] = ATTACKS;
        assert.ok(attack !== undefined);
        const { violations } = run({ attack: { ...attack, trusted }, makeChip: CHIPS.small, engine: ENGINES[engine] });
        assert.match(violations[0] ?? "", /it throws: .*seal\.trusted\[0\] is no public key of P-256/);
      });
    }
  }
});

test("the table has every kind of attack, and no name twice", () => {
  const names = ATTACKS.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  const reports = ATTACKS.flatMap(({ tries }) => tries.map(({ report }) => report));
  for (const code of ["unsigned", "signature-invalid", "key-unknown", "rollback-refused", "wrong-product"]) {
    assert.ok(reports.filter((report) => report.startsWith(`fail -5 ${code}: `)).length >= 2, code);
  }
});

test("a board that lets an attack through is found out", () => {
  const attack = ATTACKS.find(({ name }) => name === "no seal");
  assert.ok(attack !== undefined);
  const careless = run({ attack: { ...attack, trusted: [] }, makeChip: CHIPS.small });
  assert.ok(careless.violations.length > 0);
  const [control] = ATTACKS;
  assert.ok(control !== undefined);
  const expected = run({ attack: { ...control, ends: "0.2.0" }, makeChip: CHIPS.small });
  assert.deepEqual(expected.violations, ["0.3.0 runs in the end, not 0.2.0"]);
});

function changed(point: Uint8Array): Uint8Array {
  const other = point.slice();
  other[63] = (other[63] as number) ^ 1;
  return other;
}

/** As a PEM whose head is right for 64 bytes. */
function pemOf(point: Uint8Array): string {
  const head = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
  const text = Buffer.concat([head, point]).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`;
}
