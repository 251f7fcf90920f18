import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { FaultSpec } from "../../../../cloud/faults/fault.js";
import { FaultList } from "../../../../cloud/faults/fault-list.js";
import { FaultyMessages, strikeReport } from "../../../../cloud/faults/message-faults.js";
import { REORDER_WAIT_MS } from "../../../../cloud/platform/gateway-faults.js";

const UPDATE = "$ota/update/ABCDE12345/light_01";
const OTHER = "$ota/update/ABCDE12345/light_02";
const REPORT = "$ota/report/ABCDE12345/light_01";
const RESULT = "$gateway/operation/result/ABCDE12345/light_01";
const ANSWER = '{"type":"report_version_rsp"}';
const OFFER = '{"type":"update_firmware"}';

function sending(fault: FaultSpec, body: (messages: FaultyMessages, sent: string[]) => void): void {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const sent: string[] = [];
    const faults = new FaultList();
    faults.add(fault);
    const name = (topic: string): string => topic.split("/").at(-1) ?? "";
    body(new FaultyMessages({ faults, send: (topic, text) => sent.push(`${name(topic)} ${text}`) }), sent);
  } finally {
    mock.timers.reset();
  }
}

const ANSWERED = `light_01 ${ANSWER}`;
const OFFERED = `light_01 ${OFFER}`;

test("a lost message does not come, and one of another type does", () => {
  sending({ fault: "lose", type: "update_firmware" }, (messages, sent) => {
    for (const text of [ANSWER, OFFER]) messages.send(UPDATE, text);
    assert.deepEqual(sent, [ANSWERED]);
  });
});

test("a fault for a device leaves the messages of others alone, and takes those on every topic of its own", () => {
  sending({ fault: "lose", product: "ABCDE12345", device: "light_01" }, (messages, sent) => {
    for (const topic of [UPDATE, OTHER, RESULT]) messages.send(topic, OFFER);
    assert.deepEqual(sent, [`light_02 ${OFFER}`]);
  });
});

test("a duplicate comes at once", () => {
  sending({ fault: "duplicate", times: 1 }, (messages, sent) => {
    for (const text of [ANSWER, OFFER]) messages.send(UPDATE, text);
    assert.deepEqual(sent, [ANSWERED, ANSWERED, OFFERED]);
  });
});

test("a late message comes after its time, and those behind it may come before", () => {
  sending({ fault: "delay", ms: 1000, times: 1 }, (messages, sent) => {
    for (const text of [ANSWER, OFFER]) messages.send(UPDATE, text);
    mock.timers.tick(999);
    assert.deepEqual(sent, [OFFERED]);
    mock.timers.tick(1);
    assert.deepEqual(sent, [OFFERED, ANSWERED]);
  });
});

test("two messages to one device change places, and a message to another device goes its way", () => {
  sending({ fault: "reorder", product: "ABCDE12345", device: "light_01" }, (messages, sent) => {
    messages.send(UPDATE, ANSWER);
    messages.send(OTHER, OFFER);
    messages.send(UPDATE, OFFER);
    assert.deepEqual(sent, [`light_02 ${OFFER}`, OFFERED, ANSWERED]);
  });
});

test("a message that no other follows comes all the same", () => {
  sending({ fault: "reorder" }, (messages, sent) => {
    messages.send(UPDATE, ANSWER);
    assert.deepEqual(sent, []);
    mock.timers.tick(REORDER_WAIT_MS);
    assert.deepEqual(sent, [ANSWERED]);
    messages.send(UPDATE, OFFER);
    mock.timers.tick(REORDER_WAIT_MS);
    assert.deepEqual(sent, [ANSWERED, OFFERED]);
  });
});

test("a lost PUBACK is one of a message with QoS 1; a message of QoS 0 has none", () => {
  const faults = new FaultList();
  faults.add({ fault: "lose-puback", type: "report_progress" });
  const payload = '{"type":"report_progress"}';
  assert.equal(strikeReport(faults, { topic: REPORT, payload, qos: 0 }), undefined);
  assert.equal(strikeReport(faults, { topic: REPORT, payload: '{"type":"report_version"}', qos: 1 }), undefined);
  assert.equal(strikeReport(faults, { topic: REPORT, payload: "no JSON", qos: 1 }), undefined);
  assert.equal(strikeReport(faults, { topic: REPORT, payload, qos: 1 }), "lose-puback");
});

test("a connection is dropped at a message of any QoS", () => {
  const faults = new FaultList();
  faults.add({ fault: "drop", times: 1 });
  assert.equal(strikeReport(faults, { topic: REPORT, payload: "x", qos: 0 }), "drop");
  assert.equal(strikeReport(faults, { topic: REPORT, payload: "x", qos: 0 }), undefined);
});
