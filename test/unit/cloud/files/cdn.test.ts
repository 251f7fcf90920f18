import assert from "node:assert/strict";
import { createHash, createVerify, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { type CdnScheme, signCdnUrl } from "../../../../cloud/files/cdn.js";

const ORIGIN = "https://www.example.com";
const md5 = (text: string, encoding: "hex" | "base64url" = "hex"): string =>
  createHash("md5").update(text).digest(encoding);

test("tencent-d: the published example", () => {
  // EdgeOne, "Authentication Method D".
  const scheme: CdnScheme = { name: "tencent-d", origin: ORIGIN, key: "DvYmqE81E1F9R791H6lmht", lifetimeSec: 900 };
  assert.equal(
    signCdnUrl(scheme, "/foo.jpg", 900, 1_721_029_907_000),
    `${ORIGIN}/foo.jpg?sign=cadcec4a04e67b9c2abf4b61c642a0dd&t=1721029907`,
  );
});

test("tencent-a: the published example's hash, with another random text in each URL", () => {
  // EdgeOne, "Authentication Method A".
  const key = "DvYmqE81E1F9R791H6lmht";
  assert.equal(md5(`/foo.jpg-1721028437-Kv4cPTAAP5YTi-0-${key}`), "0fbdca749d7ab784750685347e42075c");
  const scheme: CdnScheme = { name: "tencent-a", origin: ORIGIN, key, lifetimeSec: 900 };
  const urls = [0, 1].map(() => signCdnUrl(scheme, "/foo.jpg", 900, 1_721_028_437_000));
  assert.notEqual(urls[0], urls[1]);
  for (const url of urls) {
    const [, random = "", hash] = /^.*\/foo\.jpg\?sign=1721028437-([0-9a-f]{16})-0-([0-9a-f]{32})$/.exec(url) ?? [];
    assert.equal(hash, md5(`/foo.jpg-1721028437-${random}-0-${key}`));
  }
});

test("tencent: a URL that is to live shorter than the CDN lets it was signed so much earlier", () => {
  const scheme: CdnScheme = { name: "tencent-d", origin: ORIGIN, key: "k".repeat(6), lifetimeSec: 900 };
  assert.match(signCdnUrl(scheme, "/a", 60, 1_000_000_000_000), /&t=999999160$/);
  assert.match(signCdnUrl(scheme, "/a", -1, 1_000_000_000_000), /&t=999999099$/);
});

test("nginx: secure_link_md5 of expiry, path and key", () => {
  const scheme: CdnScheme = { name: "nginx", origin: ORIGIN, key: "secret", lifetimeSec: 900 };
  const hash = md5("1000000900/fw/a.bin secret", "base64url");
  const url = `${ORIGIN}/fw/a.bin?md5=${hash}&expires=1000000900`;
  assert.equal(signCdnUrl(scheme, "/fw/a.bin", 900, 1_000_000_000_000), url);
});

test("cloudfront: a canned policy, signed by RSA with SHA-1, in the alphabet of its documents", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const scheme: CdnScheme = { name: "cloudfront", origin: ORIGIN, keyPairId: "K2JCJMDEHXQW5F", privateKey };
  for (let second = 0; second < 8; second++) {
    const url: URL = new URL(signCdnUrl(scheme, "/a.bin", 900, 1_000_000_000_000 + second * 1000));
    const expires = 1_000_000_900 + second;
    assert.deepEqual([...url.searchParams.keys()], ["Expires", "Signature", "Key-Pair-Id"]);
    assert.equal(url.searchParams.get("Expires"), String(expires));
    const text = url.search.slice(url.search.indexOf("Signature=") + 10, url.search.indexOf("&Key"));
    assert.match(text, /^[A-Za-z0-9_~-]+$/);
    const signature = text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/");
    const resource = `${ORIGIN}/a.bin`;
    const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
    assert.ok(createVerify("RSA-SHA1").update(policy).verify(publicKey, signature, "base64"));
  }
});
