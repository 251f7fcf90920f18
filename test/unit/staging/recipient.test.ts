import assert from "node:assert/strict";
import { test } from "node:test";
import type { Offer } from "../../../src/protocol/messages.js";
import { share, type SharedOffer } from "../../../src/staging/recipient.js";

const OFFER: Offer = { version: "2.0", url: "http://h/f?sign=1", md5: "0".repeat(32), size: 1000 };

test("recipients of one image share its newest URL, and the need for consent of any of them", () => {
  const known = new Set<SharedOffer>();
  const first = share(OFFER, known);
  assert.deepEqual(first, OFFER);
  known.add(first as SharedOffer);
  const text = { title: "New" };
  assert.equal(share({ ...OFFER, url: "http://h/f?sign=2", consent: true, text }, known), first);
  assert.deepEqual(first, { ...OFFER, url: "http://h/f?sign=2", consent: true, text });
  assert.equal(share({ ...OFFER, url: "http://h/f?sign=3" }, known), first);
  assert.deepEqual(first, { ...OFFER, url: "http://h/f?sign=3", consent: true, text });
});
