import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeUtf8 } from "../../../src/lib/utf8.js";
import {
  adviceFor,
  CHANGE_ANSWER,
  decodeGatewayMessage,
  DESCRIBE,
  encodeOperation,
  isSuccess,
  signBind,
} from "../../../src/protocol/gateway.js";
import { operationResultTopic, operationTopic } from "../../../src/protocol/topics.js";
import { decodeWhole } from "../../support/gateway-message.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";

const LIGHT = { productId: "E69UADXUYY", deviceName: "light1" };

describe("what a gateway sends", () => {
  it("goes to the gateway's own topics", () => {
    assert.equal(operationTopic({ productId: "ABCDE12345", deviceName: "gw" }), "$gateway/operation/ABCDE12345/gw");
    assert.equal(
      operationResultTopic({ productId: "ABCDE12345", deviceName: "gw" }),
      "$gateway/operation/result/ABCDE12345/gw",
    );
  });

  it("names one sub-device, in the vendor's order of fields", () => {
    const devices = '[{"product_id":"E69UADXUYY","device_name":"light1"}]';
    for (const type of ["online", "offline", "unbind"] as const) {
      assert.equal(encodeOperation(type, [LIGHT]), `{"type":"${type}","payload":{"devices":${devices}}}`);
    }
    assert.equal(DESCRIBE, '{"type":"describe_sub_devices"}');
    assert.equal(CHANGE_ANSWER, '{"type":"change","result":0}');
  });

  it("proves a bind with the protocol's vectors, by either hash", () => {
    const name = { productId: "ABCDE12345", deviceName: "light_01" };
    const signed = {
      deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==",
      random: 987654321,
      timestamp: 1700000000,
      digests: NODE_DIGESTS,
    };
    const sha1 = signBind(name, { ...signed, hash: "SHA-1" });
    assert.deepEqual(sha1, {
      signature: "acV3hFNNxVZDrJIYnVJlHL+ijXM=",
      random: 987654321,
      timestamp: 1700000000,
      signmethod: "hmacsha1",
      authtype: "psk",
    });
    const sha256 = signBind(name, signed);
    assert.equal(sha256.signature, "m1bwsupRVaWcWZ+6Ucwmz6giBtF8R+1TfvOO9v4aPbo=");
    assert.equal(sha256.signmethod, "hmacsha256");
    assert.equal(
      encodeOperation("bind", [name], sha1),
      '{"type":"bind","payload":{"devices":[{"product_id":"ABCDE12345","device_name":"light_01",' +
        '"signature":"acV3hFNNxVZDrJIYnVJlHL+ijXM=","random":987654321,"timestamp":1700000000,"signmethod":"hmacsha1","authtype":"psk"}]}}',
    );
    assert.throws(() => signBind(name, { ...signed, digests: NO_DIGESTS }), /no SHA-256/);
  });
});

describe("what a gateway receives", () => {
  it("is the result for one sub-device", () => {
    assert.deepEqual(
      decode({
        type: "online",
        payload: { devices: [{ product_id: "E69UADXUYY", device_name: "light1", result: 0 }] },
      }),
      {
        type: "results",
        operation: "online",
        results: [{ ...LIGHT, result: 0 }],
      },
    );
  });

  it("is a batch in any order, from which what makes no sense is left out", () => {
    const entry = (device_name: unknown, result: unknown): object => ({
      product_id: "E69UADXUYY",
      device_name,
      result,
      more: {},
    });
    const devices = [
      entry("b", -1),
      entry(7, 0),
      null,
      "x",
      entry("c", "801"),
      entry("d", "no"),
      entry("e", {}),
      entry("a", 0),
      {},
    ];
    const message = decode({ payload: { devices, more: 1 }, type: "bind" });
    assert.ok(message.type === "results" && message.operation === "bind");
    assert.deepEqual(
      message.results.map(({ deviceName, result }) => [deviceName, result]),
      [
        ["b", -1],
        ["c", 801],
        ["a", 0],
      ],
    );
  });

  it("is one device that stands without its list", () => {
    const message = decode({
      type: "offline",
      payload: { devices: { product_id: "E69UADXUYY", device_name: "light1", result: 0 } },
    });
    assert.deepEqual(message, { type: "results", operation: "offline", results: [{ ...LIGHT, result: 0 }] });
  });

  it("is the list of what is bound, which may be empty or missing", () => {
    const devices = [{ product_id: "E69UADXUYY", device_name: "light1" }];
    assert.deepEqual(decode({ type: "describe_sub_devices", payload: { devices } }), {
      type: "bound",
      devices: [LIGHT],
    });
    for (const payload of [{ devices: [] }, {}, undefined, null, []]) {
      assert.deepEqual(decode({ type: "describe_sub_devices", payload }), { type: "bound", devices: [] });
    }
  });

  it("is a change of the bindings", () => {
    const devices = [{ product_id: "E69UADXUYY", device_name: "light1" }];
    assert.deepEqual(decode({ type: "change", payload: { status: 1, devices } }), {
      type: "change",
      bound: true,
      devices: [LIGHT],
    });
    assert.deepEqual(decode({ type: "change", payload: { status: 0, devices } }), {
      type: "change",
      bound: false,
      devices: [LIGHT],
    });
  });

  it("is a list of 200 sub-devices, and is refused if it is nested deeper than any", () => {
    const devices = Array.from({ length: 200 }, (_, index) => ({
      product_id: "E69UADXUYY",
      device_name: `light[${index}`,
    }));
    const message = decode({ type: "describe_sub_devices", payload: { devices } });
    assert.equal(message.type === "bound" && message.devices.length, 200);
    assert.deepEqual(decodeGatewayMessage(encodeUtf8('{"type":'.repeat(3000))), {
      type: "malformed",
      reason: "nested too deep",
    });
  });

  it("is named if it is unknown, and refused if it is no message", () => {
    assert.deepEqual(decode({ type: "search_devices" }), { type: "unknown", name: "search_devices" });
    for (const text of ["", "[]", "{}", '{"type":1}', "{"]) {
      assert.equal(decodeGatewayMessage(encodeUtf8(text)).type, "malformed", text);
    }
  });

  it("never throws, whatever the bytes are", () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map(encodeUtf8),
      fc
        .record({
          type: fc.constantFrom("online", "bind", "change", "describe_sub_devices"),
          payload: fc.oneof(fc.jsonValue(), fc.record({ devices: fc.jsonValue(), status: fc.jsonValue() })),
        })
        .map((value) => encodeUtf8(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(bytes, (input) => void decodeGatewayMessage(input)),
      { numRuns: 1000 },
    );
  });
});

describe("a result code", () => {
  it("is success if it is 0 or means that it was so already, also as the vendor's SDK negates it", () => {
    assert.deepEqual([0, 809, -809].map(isSuccess), [true, true, true]);
    assert.deepEqual([-1, -2, 801, 806, 808, 810].map(isSuccess), [false, false, false, false, false, false]);
  });

  it("comes with what to do about it, each with its own, the negated ones too", () => {
    const codes = [-1, -2, 801, 802, 803, 804, 805, 806, 807, 808, 809, 810];
    const advice = codes.map((code) => adviceFor(code).replace(/ \(-?[0-9]+\)$/, ""));
    assert.equal(new Set(advice).size, codes.length);
    assert.equal(adviceFor(806), "bound to another gateway: unbind it there first (806)");
    assert.equal(adviceFor(-806), "bound to another gateway: unbind it there first (-806)");
    assert.equal(adviceFor(-1), "not bound to this gateway: bind it first, here or in the console (-1)");
    assert.equal(adviceFor(1), "refused by the platform (1)");
    assert.equal(adviceFor(2), "refused by the platform (2)");
  });
});

function decode(message: object): ReturnType<typeof decodeWhole> {
  return decodeWhole(encodeUtf8(JSON.stringify(message)));
}
