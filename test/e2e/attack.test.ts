import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../support/command.js";
import { SEED } from "../support/seed.js";

interface Table {
  readonly seed: number;
  readonly attacks: readonly {
    readonly attack: string;
    readonly stopped: boolean;
    readonly stage: string;
    readonly code: string;
    readonly runs: string;
  }[];
  readonly update: { readonly taken: boolean };
}

test(`a stranger who has broker, file server and every old file cannot make a board boot anything (seed ${SEED})`, async () => {
  const { code, stdout, stderr } = await runCommand("attack/main", ["--json", "--seed", String(SEED)]);
  const { seed, attacks, update } = JSON.parse(stdout) as Table;
  assert.deepEqual(
    attacks.filter(({ stopped }) => !stopped),
    [],
  );
  assert.deepEqual([code, stderr, seed, update.taken], [0, "", SEED, true]);
  assert.equal(attacks.length, 45);
  assert.ok(attacks.every(({ runs }) => runs === "1.0.0"));
});

test("on a board that demands no seal the same attacks succeed, and the command says so", async () => {
  const names = "no-seal,unknown-key,old-image";
  const { code, stdout } = await runCommand("attack/main", ["--without-seal", "--only", names, "--seed", "7"]);
  assert.equal(code, 1);
  assert.match(stdout, /^! no-seal {6}not at all {2}taken {2}2\.0\.0 /m);
  assert.match(stdout, /^! old-image {4}not at all {2}taken {2}0\.9\.0 /m);
  assert.match(stdout, /\n0 of 3 attacks were refused as they must be, the update was taken; --seed 7\n$/);
});

test("a name that is none of an attack is refused, and the names are listed", async () => {
  const { code, stderr } = await runCommand("attack/main", ["--only", "no-seal,magic"]);
  assert.equal(code, 2);
  assert.match(stderr, /^npm run attack --: magic is none of no-seal, offer-fields, /);
});
