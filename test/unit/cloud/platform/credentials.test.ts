import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { isProven } from "../../../../cloud/platform/credentials.js";
import { SECRET } from "../../../support/platform-test-bed.js";

const CLIENT = "ABCDE12345light_01";
const NOW_SEC = 1_700_000_000;

function signed(username: string, method: "sha1" | "sha256" = "sha256"): string {
  const digest = createHmac(method, Buffer.from(SECRET, "base64")).update(username).digest("hex");
  return `${digest};hmac${method}`;
}

function named(expiry: string): string {
  return `${CLIENT};12010126;x7Kq2;${expiry}`;
}

function proves(
  username: string,
  password: string | undefined = signed(username),
  secret: string | undefined = SECRET,
) {
  return isProven({ clientId: CLIENT, username, password }, secret, NOW_SEC);
}

test("both methods prove a device, until its expiry is reached", () => {
  const later = named(`${NOW_SEC + 1}`);
  for (const method of ["sha1", "sha256"] as const) assert.equal(proves(later, signed(later, method)), true, method);
  assert.equal(proves(named(`${NOW_SEC}`)), false);
  assert.equal(proves(named(`${NOW_SEC - 1}`)), false);
});

test("an expiry is digits, and no other spelling of a number", () => {
  assert.equal(proves(named("9999999999999999999")), true);
  const spellings = ["Infinity", "NaN", "1e12", "0xffffffffff", "+1893456000", "1893456000.5", " 1893456000", ""];
  for (const spelling of [...spellings, "9".repeat(20), "-1"]) {
    assert.equal(proves(named(spelling)), false, spelling);
  }
});

test("the name in the user name is the client's own", () => {
  for (const username of [named("1893456000").replace("light_01", "light_02"), "", ";", CLIENT]) {
    assert.equal(proves(username), false, username);
  }
});

test("without a password a certificate has proven the name; the expiry counts all the same", () => {
  const without = (username: string) =>
    isProven({ clientId: CLIENT, username, password: undefined }, undefined, NOW_SEC);
  assert.equal(without(named("1893456000")), true);
  assert.equal(without(named("1")), false);
});

test("a device without a secret has no password, not even an empty one", () => {
  const username = named("1893456000");
  const digest = createHmac("sha256", "").update(username).digest("hex");
  for (const password of ["", `${digest};hmacsha256`, signed(username)]) {
    assert.equal(isProven({ clientId: CLIENT, username, password }, undefined, NOW_SEC), false, password);
  }
});

test("a digest that is short, long or no digest is refused without an exception", () => {
  const username = named("1893456000");
  const good = signed(username);
  const [digest = "", method = ""] = good.split(";");
  for (const text of ["", "zz", digest.slice(2), `${digest}00`, digest.slice(0, -1), "é".repeat(64)]) {
    assert.equal(proves(username, `${text};${method}`), false, text);
  }
  for (const other of ["hmacmd5", "sha256", "", "HMACSHA256"]) {
    assert.equal(proves(username, `${digest};${other}`), false, other);
  }
});
