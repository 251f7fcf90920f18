import assert from "node:assert/strict";
import { decodeMarks, encodeMarks, MARKS } from "../../../src/gateway/update-marks.js";
import { adviceFor, decodeGatewayMessage } from "../../../src/protocol/gateway.js";
import { listOf } from "../../support/gateway-message.js";
import { type Target, text, withCrc } from "../target.js";

export const gatewayMessage: Target = {
  name: "gateway-message",
  weight: 40,
  corpus: text(
    '{"type":"online","payload":{"devices":[{"product_id":"E69UADXUYY","device_name":"light1","result":0}]}}',
    '{"payload":{"devices":[{"product_id":"E69UADXUYY","device_name":"b","result":-1},{"device_name":"a","product_id":"P","result":"801"}]},"type":"bind"}',
    '{"type":"describe_sub_devices","payload":{"devices":[{"product_id":"E69UADXUYY","device_name":"light1"}]}}',
    '{"type":"describe_sub_devices"}',
    '{"type":"change","payload":{"status":1,"devices":[{"product_id":"E69UADXUYY","device_name":"light1"}]}}',
    '{"type":"search","payload":[[{"devices":null}]]}',
  ),
  words: [
    '"type"',
    '"result"',
    '"__proto__":',
    '"constructor":{',
    "unbind",
    "offline",
    "[[[[[[[[",
    '{"a":',
    "null",
    "1e999",
    "-0",
    "\\ud800",
  ],
  run(input) {
    const message = decodeGatewayMessage(input);
    switch (message.type) {
      case "results":
        assert.match(message.operation, /^(online|offline|bind|unbind)$/);
        for (const { productId, deviceName, result } of listOf(message.results)) {
          assert.ok(typeof productId === "string" && typeof deviceName === "string" && Number.isSafeInteger(result));
          assert.match(adviceFor(result), /^[ -~]{1,120}$/);
        }
        return;
      case "bound":
      case "change":
        for (const { productId, deviceName } of listOf(message.devices)) {
          assert.ok(typeof productId === "string" && typeof deviceName === "string");
        }
        return;
      case "unknown":
        assert.ok(message.name.length <= 32);
        return;
      case "malformed":
        assert.match(message.reason, /^[ -~]{1,64}$/);
        return;
    }
  },
};

/** The marks of sub-devices, as a worn key-value store may give them back. */
export const updateMarks: Target = {
  name: "update-marks",
  weight: 15,
  corpus: [0, 1, 7, 100].map((count) =>
    encodeMarks(
      Array.from({ length: count }, (_, index) => ({
        owner: `E69UADXUYY/${index}`,
        mark: MARKS[index % MARKS.length] ?? "none",
      })),
    ),
  ),
  words: ["\x01", "\xff"],
  repair: withCrc,
  run(input) {
    for (const [id, mark] of decodeMarks(input)) assert.ok(Number.isInteger(id) && id >= 0 && MARKS.includes(mark));
  },
};
