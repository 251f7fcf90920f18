import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOUD_TOPICS } from "../../../../cloud/broker/external-broker.js";
import { ownTopics, publishTopic, sharedTopics, subscribeTopic } from "../../../../cloud/broker/topic-rights.js";
import { keyOf } from "../../../../cloud/platform/sessions.js";

const OWN = { productId: "ABCDE12345", deviceName: "gateway_01" };
const SUB = { productId: "ABCDE12345", deviceName: "sensor:01" };

test("the topics in the lists are those that are allowed one by one, and each is of its device", () => {
  for (const [topics, device] of [
    [ownTopics(OWN), OWN],
    [sharedTopics(SUB), SUB],
  ] as const) {
    for (const [list, read] of [
      [topics.publish, publishTopic],
      [topics.subscribe, subscribeTopic],
    ] as const) {
      for (const topic of list) {
        const use = read(topic, OWN);
        assert.ok(use !== undefined, topic);
        if ("device" in use) assert.equal(keyOf(use.device), keyOf(device), topic);
        else assert.equal(device, OWN, topic);
      }
    }
  }
});

test("a filter, a shared subscription and a topic with more parts are nobody's", () => {
  const report = `$ota/report/${keyOf(OWN)}`;
  for (const topic of ["#", "+", "$SYS/#", `$share/g/${report}`, `${report}/more`, `/${report}`, "", "a/b"]) {
    assert.equal(publishTopic(topic, OWN), undefined, topic);
    assert.equal(subscribeTopic(topic, OWN), undefined, topic);
  }
  // A wildcard in the place of a name is the name of no device.
  const use = subscribeTopic("$ota/update/+/+", OWN);
  assert.ok(use !== undefined && "device" in use);
  assert.equal(keyOf(use.device), "+/+");
});

test("the cloud subscribes by itself: a shared subscription to a topic with $ delivers nothing on mosquitto", () => {
  for (const filter of CLOUD_TOPICS.subscribe) assert.match(filter, /^\$(ota|gateway|sys)\//);
});
