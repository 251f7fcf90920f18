import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ANSWER,
  CALL,
  COMMAND,
  encodeMessage,
  type Field,
  MessageReader,
} from "../../../hal/boards/xs/guest/messages.js";
import { decodeSetup, encodeSetup, type Setup } from "../../../hal/boards/xs/guest/setup.js";
import { REPEAT, SEED } from "../../support/seed.js";

function decode(message: Uint8Array, like: readonly Field[]): Field[] {
  const reader = new MessageReader(message);
  const fields = like.map((field) => {
    if (typeof field === "number") return reader.number();
    return typeof field === "string" ? reader.text() : reader.bytes();
  });
  assert.equal(reader.ended, true);
  return fields;
}

function anyFields(): fc.Arbitrary<Field[]> {
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 100 }), fc.constant("\ud800 alone"));
  return fc.array(fc.oneof(fc.double(), fc.integer(), text, fc.uint8Array({ maxLength: 300 })), { maxLength: 8 });
}

test(`every field comes out as it went in (${REPEAT})`, () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), anyFields(), (code, fields) => {
      const message = encodeMessage(code, ...fields);
      assert.equal(new MessageReader(message).code, code);
      assert.deepEqual(decode(message, fields), fields);
    }),
    { seed: SEED },
  );
});

test("a message has the layout of its table", () => {
  const message = encodeMessage(7, 2, "aé", Uint8Array.of(9, 8));
  assert.equal(
    Buffer.from(message).toString("hex"),
    `07${"0000000000000040"}${"02000000"}${"6100e900"}${"02000000"}${"0908"}`,
  );
});

test("a message is read in place, at any offset in its buffer", () => {
  const message = encodeMessage(3, "text", Uint8Array.of(1, 2, 3));
  const around = new Uint8Array(message.byteLength + 10);
  around.set(message, 5);
  assert.deepEqual(decode(around.subarray(5, 5 + message.byteLength), ["", new Uint8Array(0)]), [
    "text",
    Uint8Array.of(1, 2, 3),
  ]);
});

test("a message that is cut anywhere is refused, and never read past its end", () => {
  const fields: Field[] = [1.5, "text", Uint8Array.of(1, 2, 3)];
  const message = encodeMessage(3, ...fields);
  for (let length = 0; length < message.byteLength; length++) {
    assert.throws(() => decode(message.subarray(0, length), fields), RangeError, `${length} bytes`);
  }
});

test("every code of a table is its own", () => {
  for (const table of [CALL, ANSWER, COMMAND]) {
    const codes = Object.values(table);
    assert.equal(new Set(codes).size, codes.length);
    assert.ok(codes.every((code) => code >= 0 && code <= 255));
  }
});

test("a setup keeps its bytes beside its text", () => {
  const setup: Setup = {
    config: {
      identity: {
        productId: "ABCDE12345",
        deviceName: "board_01",
        authentication: { mode: "CERT", certificate: Uint8Array.of(1, 2, 0xff), privateKey: Buffer.of(3) },
      },
      broker: { url: "mqtts://h", authority: new Uint8Array(0) },
      download: { authority: undefined },
    },
    logLevel: "info",
    tellsEvents: true,
    hasDigest: false,
    hasSignatures: false,
    hasDecoder: false,
    hasSelfTest: true,
    hasControl: true,
    hasPackages: false,
    hasMqtt: true,
    sharesLink: false,
    components: [{ id: "mcu" }],
  };
  const message = new MessageReader(encodeSetup(setup));
  assert.equal(message.code, COMMAND.create);
  const { config, ...rest } = decodeSetup(message);
  const { config: _, ...given } = setup;
  assert.deepEqual(rest, given);
  const { authentication } = config.identity;
  assert.ok(authentication.mode === "CERT");
  assert.deepEqual([...authentication.certificate], [1, 2, 0xff]);
  assert.deepEqual([...authentication.privateKey], [3]);
  assert.deepEqual(config.broker?.authority, new Uint8Array(0));
  assert.equal(config.download?.authority, undefined);
});
