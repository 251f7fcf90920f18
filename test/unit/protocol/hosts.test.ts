import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OtaError } from "../../../src/errors.js";
import { brokerUrl } from "../../../src/protocol/hosts.js";

describe("brokerUrl", () => {
  it("gives the protocol's host of each region, by TLS", () => {
    const hosts = {
      china: "ABCDE12345.iotcloud.tencentdevices.com",
      "us-east": "ABCDE12345.us-east.iotcloud.tencentdevices.com",
      europe: "ABCDE12345.europe.iothub.tencentdevices.com",
      "ap-bangkok": "ABCDE12345.ap-bangkok.iothub.tencentdevices.com",
    };
    for (const [region, host] of Object.entries(hosts)) {
      assert.equal(brokerUrl("ABCDE12345", region), `mqtts://${host}:8883`);
    }
  });

  it("refuses a region nobody knows, and names those that are known", () => {
    for (const region of ["", "China", "mars", "toString", "__proto__", "constructor"]) {
      assert.throws(
        () => brokerUrl("ABCDE12345", region),
        (error) =>
          error instanceof OtaError &&
          error.code === "usage" &&
          /china, us-east, europe, ap-bangkok/.test(error.message),
        region,
      );
    }
  });
});
