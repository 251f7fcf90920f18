import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reportTopic, updateTopic } from "../../../src/protocol/topics.js";

describe("topics", () => {
  it("are the protocol's, up and down", () => {
    const name = { productId: "ABCDE12345", deviceName: "light_01" };
    assert.equal(reportTopic(name), "$ota/report/ABCDE12345/light_01");
    assert.equal(updateTopic(name), "$ota/update/ABCDE12345/light_01");
  });

  it("stay within the platform's 255 bytes and 10 slashes for the longest name", () => {
    const name = { productId: "ABCDE12345", deviceName: "n".repeat(48) };
    for (const topic of [reportTopic(name), updateTopic(name)]) {
      assert.ok(topic.length <= 255, topic);
      assert.ok(topic.split("/").length - 1 <= 10, topic);
    }
  });
});
