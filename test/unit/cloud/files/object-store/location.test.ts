import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isObjectLocation,
  objectUrl,
  parseObjectLocation,
  placeOf,
} from "../../../../../cloud/files/object-store/location.js";
import { CloudError } from "../../../../../cloud/types.js";

test("a location names bucket, prefix, endpoint and region", () => {
  const text = "s3://lamps/firmware/v1?endpoint=https://s3.example.org:9000&region=eu-1";
  const location = parseObjectLocation(text);
  assert.deepEqual(location, {
    bucket: "lamps",
    prefix: "firmware/v1/",
    region: "eu-1",
    endpoint: "https://s3.example.org:9000",
    publicEndpoint: "https://s3.example.org:9000",
    addressing: "path",
  });
  assert.equal(placeOf(location), "https://s3.example.org:9000/lamps/firmware/v1/");
  assert.equal(objectUrl(location, location.endpoint, "firmware/v1/0.bin"), `${placeOf(location)}0.bin`);
});

test("without an endpoint it is Amazon's, by the bucket's own host", () => {
  const location = parseObjectLocation("s3://lamps?region=eu-west-1");
  assert.equal(objectUrl(location, location.endpoint, "0.bin"), "https://lamps.s3.eu-west-1.amazonaws.com/0.bin");
});

test("COS: the bucket's host, and devices by another endpoint", () => {
  const endpoint = "https://cos.ap-guangzhou.myqcloud.com";
  const inside = "https://cos-internal.ap-guangzhou.myqcloud.com";
  const settings = `endpoint=${inside}&public-endpoint=${endpoint}&region=ap-guangzhou&addressing=virtual`;
  const location = parseObjectLocation(`s3://lamps-1250000000/fw?${settings}`);
  const url = "https://lamps-1250000000.cos.ap-guangzhou.myqcloud.com/fw/0.bin";
  assert.equal(objectUrl(location, location.publicEndpoint, "fw/0.bin"), url);
  assert.equal(location.endpoint, inside);
});

test("what is wrong in a location is named, and a key is never quoted", () => {
  const cases: readonly (readonly [text: string, says: RegExp])[] = [
    ["s3:lamps", /a bucket is named/],
    ["s3://", /a bucket is named|files in a store are/],
    ["s3://Lamps_1", /a bucket is named/],
    ["s3://lamps:80", /a bucket is named/],
    ["s3://lamps/a%20b", /the prefix of the files is of/],
    ["s3://lamps?endpoint=ftp://x", /the endpoint of the files is https/],
    ["s3://lamps?endpoint=https://x/path", /the endpoint of the files is https/],
    ["s3://lamps?public-endpoint=files", /the public-endpoint of the files is https/],
    ["s3://lamps?region=EU 1", /the region of the files/],
    ["s3://lamps?adressing=path", /adressing is no setting of/],
    ["s3://lamps?region=a&region=b", /region is there twice/],
    ["s3://lamps?addressing=host", /addressing is path or virtual/],
  ];
  for (const [text, says] of cases) {
    assert.throws(
      () => parseObjectLocation(text),
      (error) => error instanceof CloudError && says.test(error.message),
      text,
    );
  }
  assert.throws(
    () => parseObjectLocation("s3://AKID:topsecret@lamps"),
    (error) => error instanceof CloudError && !error.message.includes("topsecret"),
  );
});

test("anything else is a folder", () => {
  assert.deepEqual(["s3://a", "S3://a", "s3", "./s3:", "/srv/files"].map(isObjectLocation), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
