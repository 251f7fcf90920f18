import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeDownlink, type Offer } from "../../../src/protocol/messages.js";

const OFFER = { type: "update_firmware", url: "http://h/f", version: "2.0", md5sum: "0".repeat(32), file_size: 4096 };

function decoded(more: object): { readonly offer: Offer; readonly wrong: string | undefined } {
  const message = decodeDownlink(Buffer.from(JSON.stringify({ ...OFFER, ...more })));
  assert.ok(message.type === "offer", JSON.stringify(message));
  return { offer: message.offer, wrong: message.wrong };
}

describe("an offer", () => {
  const plain = { version: "2.0", url: "http://h/f", md5: OFFER.md5sum, size: 4096 };

  it("of the platform wants no consent and has no text", () => {
    assert.deepEqual(decoded({}), { offer: plain, wrong: undefined });
    assert.deepEqual(decoded({ consent: false }), { offer: plain, wrong: undefined });
  });

  it("of an operator's plan may want consent, and have a text for the person", () => {
    const text = { title: "固件 2.0", body: "It takes two minutes." };
    assert.deepEqual(decoded({ consent: true, text }), { offer: { ...plain, consent: true, text }, wrong: undefined });
    assert.deepEqual(decoded({ text: { title: "New" } }).offer, { ...plain, text: { title: "New" } });
  });

  it("loses a text that is longer than 512 bytes of UTF-8, and nothing else", () => {
    const fits = "é".repeat(256);
    assert.deepEqual(decoded({ text: { title: fits, body: `${fits}.` } }), {
      offer: { ...plain, text: { title: fits } },
      wrong: "text.body is no text of at most 512 bytes",
    });
    const { offer, wrong } = decoded({ consent: true, text: { title: "x".repeat(5000), body: 1 } });
    assert.deepEqual(offer, { ...plain, consent: true });
    assert.equal(wrong, "text.title is no text of at most 512 bytes, text.body is no text of at most 512 bytes");
  });

  it("whose text is no object has none", () => {
    for (const text of ["New", 1, null, true, ["New"]]) {
      assert.deepEqual(decoded({ text }), { offer: plain, wrong: "text is no object" });
    }
    assert.deepEqual(decoded({ text: {} }), { offer: plain, wrong: undefined });
  });

  it("wants consent if it is not plain that it wants none", () => {
    for (const consent of ["true", 1, null, {}, "no"]) {
      assert.deepEqual(decoded({ consent }), {
        offer: { ...plain, consent: true },
        wrong: "consent is neither true nor false",
      });
    }
  });
});
