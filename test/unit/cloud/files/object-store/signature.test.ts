import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { AwsV4Signer } from "aws4fetch";
import { S3Client } from "../../../../../cloud/files/object-store/s3-client.js";
import { checkRequest, type SignatureChecks } from "../../../../support/object-store/signature.js";

// The examples of the pages "Signature Calculations" of the S3 API reference: header and query.
const KEYS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const HOST = "examplebucket.s3.amazonaws.com";
const DATE = "20130524T000000Z";
const NOW_MS = Date.UTC(2013, 4, 24);
const EMPTY = createHash("sha256").update("").digest("hex");
const CHECKS: SignatureChecks = { ...KEYS, region: "us-east-1", nowMs: NOW_MS };
const BODY = Buffer.from("Welcome to Amazon S3.");

const EXAMPLES = [
  {
    name: "GET of an object with a range",
    method: "GET",
    target: "/test.txt",
    headers: { range: "bytes=0-9" },
    body: Buffer.alloc(0),
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT of an object",
    method: "PUT",
    target: "/test%24file.text",
    headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    body: BODY,
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET of a bucket's lifecycle, a parameter without a value",
    method: "GET",
    target: "/?lifecycle=",
    headers: {},
    body: Buffer.alloc(0),
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET of a list, parameters in another order",
    method: "GET",
    target: "/?max-keys=2&prefix=J",
    headers: {},
    body: Buffer.alloc(0),
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
] as const;

for (const { name, method, target, headers, body, signature } of EXAMPLES) {
  test(`published example, ${name}: signer and strict store agree with it`, async () => {
    const signed = await new AwsV4Signer({
      ...KEYS,
      url: `https://${HOST}${target}`,
      method,
      headers: { ...headers, "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") },
      service: "s3",
      region: "us-east-1",
      datetime: DATE,
      // The example signs each header.
      allHeaders: true,
    }).sign();
    const given = Object.fromEntries(signed.headers.entries());
    assert.match(given["authorization"] ?? "", new RegExp(`Signature=${signature}$`));
    const request = { method, target, headers: { ...given, host: HOST }, body };
    assert.equal(checkRequest(request, CHECKS), undefined);
    const other = { ...request, headers: { ...request.headers, host: "other.s3.amazonaws.com" } };
    assert.deepEqual(checkRequest(other, CHECKS), { status: 403, code: "SignatureDoesNotMatch" });
  });
}

test("published example of a presigned URL, which the client makes and the strict store takes for its time", async () => {
  const client = new S3Client({
    location: {
      bucket: "examplebucket",
      prefix: "",
      region: "us-east-1",
      endpoint: "https://s3.amazonaws.com",
      publicEndpoint: "https://s3.amazonaws.com",
      addressing: "virtual",
    },
    keys: () => KEYS,
    nowMs: () => NOW_MS,
  });
  const url = new URL(await client.presign("test.txt", 86_400));
  const signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
  assert.equal(url.host, HOST);
  assert.equal(url.searchParams.get("X-Amz-Signature"), signature);
  const request = { method: "GET", target: url.pathname + url.search, headers: { host: HOST }, body: Buffer.alloc(0) };
  const at = (nowMs: number) => checkRequest(request, { ...CHECKS, nowMs })?.code ?? "taken";
  assert.deepEqual([at(NOW_MS), at(NOW_MS + 86_399_999), at(NOW_MS + 86_400_000)], ["taken", "taken", "AccessDenied"]);
  assert.equal(at(NOW_MS - 16 * 60_000), "AccessDenied");
});

test("a URL that has expired already is signed with a time that is over", async () => {
  const client = new S3Client({
    location: {
      bucket: "b-1",
      prefix: "",
      region: "us-east-1",
      endpoint: "http://files.test",
      publicEndpoint: "http://devices.test:9000",
      addressing: "path",
    },
    keys: () => KEYS,
    nowMs: () => NOW_MS,
  });
  const url = new URL(await client.presign("x/0.bin", -1));
  assert.equal(url.origin + url.pathname, "http://devices.test:9000/b-1/x/0.bin");
  const headers = { host: "devices.test:9000" };
  const request = { method: "GET", target: url.pathname + url.search, headers, body: Buffer.alloc(0) };
  assert.deepEqual(checkRequest(request, CHECKS), { status: 403, code: "AccessDenied" });
  assert.equal(checkRequest(request, { ...CHECKS, nowMs: NOW_MS - 1500 }), undefined);
});

test("the strict store takes no body, header or time but the signed one", async () => {
  const sign = async (headers: { readonly [name: string]: string }) => {
    const init = { ...KEYS, url: `https://${HOST}/a`, method: "PUT", headers, service: "s3", region: "us-east-1" };
    const signed = await new AwsV4Signer({ ...init, datetime: DATE }).sign();
    return { method: "PUT", target: "/a", headers: { ...Object.fromEntries(signed.headers.entries()), host: HOST } };
  };
  const good = await sign({ "x-amz-content-sha256": createHash("sha256").update(BODY).digest("hex") });
  const code = (request: Partial<typeof good>, body: Buffer = BODY, nowMs = NOW_MS) =>
    checkRequest({ ...good, ...request, body }, { ...CHECKS, nowMs })?.code;
  assert.equal(code({}), undefined);
  assert.equal(code({}, Buffer.from("other")), "XAmzContentSHA256Mismatch");
  assert.equal(code({ target: "/a?acl=" }), "SignatureDoesNotMatch");
  assert.equal(code({ method: "POST" }), "SignatureDoesNotMatch");
  assert.equal(
    code({ headers: { ...good.headers, "x-amz-acl": "public-read" } as typeof good.headers }),
    "AccessDenied",
  );
  assert.equal(code({}, BODY, NOW_MS + 16 * 60_000), "RequestTimeTooSkewed");
  assert.equal(code({ headers: { host: HOST } as unknown as typeof good.headers }), "AccessDenied");
  assert.equal(checkRequest({ ...(await sign({ "x-amz-content-sha256": EMPTY })), body: BODY }, CHECKS)?.status, 400);
});
