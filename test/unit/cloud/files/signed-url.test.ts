import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSignature, holderOf, packagePath, signUrl } from "../../../../cloud/files/signed-url.js";

const KEY = "00112233445566778899aabbccddeeff00112233";
const BASE = "http://127.0.0.1:8080";
const OWN = { productId: "ABCDE12345", component: "firmware", version: "0.2.0", sourceVersion: "", packageId: 7 };
const PATH = packagePath(OWN);
const DAY = 86_400;

const now = (): number => Date.now() / 1000;

function targetOf(lifetimeSec = DAY): string {
  return signUrl(BASE, PATH, KEY, lifetimeSec).slice(BASE.length);
}

test("the URL has the platform's form: path by account, product and version, and one encoded parameter", () => {
  const url = signUrl(BASE, PATH, KEY, DAY);
  assert.match(PATH, /^\/[0-9]+_ABCDE12345_0\.2\.0$/);
  assert.match(url, /^http:\/\/127\.0\.0\.1:8080\/[0-9]+_ABCDE12345_0\.2\.0\?sign=[A-Za-z0-9%.-]+$/);
  const fields = new URLSearchParams(new URL(url).searchParams.get("sign") ?? "");
  const names = ["sign-algorithm", "ak", "sign-time", "key-time", "header-list", "url-param-list", "signature"];
  assert.deepEqual(
    [...fields.keys()],
    names.map((name) => `q-${name}`),
  );
  assert.match(fields.get("q-signature") ?? "", /^[0-9a-f]{40}$/);
  const [start, end] = (fields.get("q-sign-time") ?? "").split(";").map(Number);
  assert.equal((end as number) - (start as number), DAY);
  assert.ok(url.length < 2048);
});

test("a URL holds until its time is over, and no longer", () => {
  const target = targetOf();
  assert.equal(checkSignature(target, KEY, now()), "valid");
  assert.equal(checkSignature(target, KEY, now() + DAY - 5), "valid");
  assert.equal(checkSignature(target, KEY, now() + DAY + 1), "expired");
  assert.equal(checkSignature(targetOf(0), KEY, now()), "expired");
});

test("two URLs of the same file are never the same, and both hold", () => {
  const [first, second] = [targetOf(), targetOf()];
  assert.notEqual(first, second);
  for (const target of [first, second]) assert.equal(checkSignature(target, KEY, now()), "valid");
});

test("a signature is for one path, one time and one key", () => {
  const target = targetOf();
  assert.equal(checkSignature(target.replace("0.2.0", "0.3.0"), KEY, now()), "invalid");
  assert.equal(checkSignature(target, KEY.replace("0", "1"), now()), "invalid");
  const later = target.replace(/%3B(\d+)/, (_, end: string) => `%3B${Number(end) + 1}`);
  assert.notEqual(later, target);
  assert.equal(checkSignature(later, KEY, now()), "invalid");
});

test("a change of any one character of path or signature is found", () => {
  const target = targetOf();
  const signature = target.indexOf("q-signature%3D") + "q-signature%3D".length;
  for (let index = 1; index < target.length; index++) {
    if (index > PATH.length && index < signature) continue;
    const changed = target.slice(0, index) + (target[index] === "0" ? "1" : "0") + target.slice(index + 1);
    assert.equal(checkSignature(changed, KEY, now()), "invalid", changed);
  }
});

test("a target without a signature, or with a malformed one, is invalid and no exception", () => {
  for (const query of [
    "",
    "?",
    "?sign=",
    "?sign=%",
    "?sign=%ff",
    "?sign=q-signature%3Dzz",
    "?other=1",
    "?sign=%26%26%3D%3D",
    "??sign=a",
  ]) {
    assert.equal(checkSignature(PATH + query, KEY, now()), "invalid", query);
  }
});

test("a URL that was signed for a device and a task names both, and nobody can make it another's", () => {
  assert.deepEqual(holderOf(targetOf()), {});
  assert.deepEqual(holderOf("/x"), {});
  assert.deepEqual(holderOf("/x?sign=%"), {});
  for (const deviceName of ["light_01", "a:b-c", "n".repeat(48)]) {
    for (const task of [{}, { taskId: 1 }, { taskId: Number.MAX_SAFE_INTEGER }]) {
      const holder = { deviceName, ...task };
      const target = signUrl(BASE, PATH, KEY, DAY, holder).slice(BASE.length);
      assert.deepEqual(holderOf(target), holder);
      assert.equal(checkSignature(target, KEY, now()), "valid");
      assert.ok(target.length < 2048);
    }
  }
  const target = signUrl(BASE, PATH, KEY, DAY, { deviceName: "light_01", taskId: 17 }).slice(BASE.length);
  assert.equal(checkSignature(target.replace("light_01", "light_02"), KEY, now()), "invalid");
  assert.equal(checkSignature(target.replace("light_01.17", "light_01.18"), KEY, now()), "invalid");
});

test("a delta, and a file of another component, have paths of their own beside the full own firmware", () => {
  const delta = packagePath({ ...OWN, sourceVersion: "0.1.0" });
  const motor = packagePath({ ...OWN, component: "motor", packageId: 8 });
  assert.deepEqual([delta, motor], [`${PATH}_7`, `${PATH}_8`]);
});
