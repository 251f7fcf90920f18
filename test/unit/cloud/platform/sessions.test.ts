import assert from "node:assert/strict";
import { test } from "node:test";
import { keyOf, Sessions } from "../../../../cloud/platform/sessions.js";

const GATEWAY = { productId: "GATEWAY001", deviceName: "gw1" };
const OTHER = { productId: "GATEWAY001", deviceName: "gw2" };
const LIGHT = { productId: "ABCDE12345", deviceName: "light_01" };
const SECOND = { productId: "ABCDE12345", deviceName: "light_02" };

test("a connection begins without sub-devices online, and takes them all off when it ends", () => {
  const sessions = new Sessions();
  const session = sessions.begin(GATEWAY, [LIGHT, SECOND]);
  assert.deepEqual([...session.bound], [LIGHT, SECOND].map(keyOf));
  assert.equal(sessions.isSubDeviceOnline(LIGHT), false);
  for (const light of [LIGHT, SECOND]) sessions.setOnline(light, GATEWAY, true);
  sessions.setOnline(SECOND, GATEWAY, false);
  assert.deepEqual(
    [LIGHT, SECOND].map((light) => sessions.isSubDeviceOnline(light)),
    [true, false],
  );
  assert.equal(sessions.count, 1);
  sessions.end(session);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), false);
  assert.deepEqual([sessions.count, sessions.get(GATEWAY)], [0, undefined]);
});

test("a new connection replaces the old one, whose end then takes nobody off", () => {
  const sessions = new Sessions();
  const old = sessions.begin(GATEWAY, [LIGHT]);
  sessions.setOnline(LIGHT, GATEWAY, true);
  const now = sessions.begin(GATEWAY, [LIGHT]);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), false);
  sessions.setOnline(LIGHT, GATEWAY, true);
  sessions.end(old);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), true);
  assert.equal(sessions.get(GATEWAY), now);
});

test("a sub-device that was unbound leaves, goes offline, and may be bound again", () => {
  const sessions = new Sessions();
  const session = sessions.begin(GATEWAY, [LIGHT]);
  sessions.setOnline(LIGHT, GATEWAY, true);
  sessions.unbound(LIGHT, GATEWAY);
  const state = () => [session.bound, session.online, session.left].map((keys) => keys.size);
  assert.deepEqual(state(), [0, 0, 1]);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), false);
  sessions.bound(LIGHT, GATEWAY);
  assert.deepEqual(state(), [1, 0, 0]);
});

test("a sub-device is online by the gateway that has reported so last", () => {
  const sessions = new Sessions();
  const first = sessions.begin(GATEWAY, [LIGHT]);
  sessions.begin(OTHER, [LIGHT]);
  sessions.setOnline(LIGHT, GATEWAY, true);
  sessions.setOnline(LIGHT, OTHER, true);
  sessions.end(first);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), true, "it is behind the other one now");
  sessions.unbound(LIGHT, OTHER);
  assert.equal(sessions.isSubDeviceOnline(LIGHT), false);
});

test("what is reported of a gateway that is not connected changes nothing", () => {
  const sessions = new Sessions();
  sessions.setOnline(LIGHT, GATEWAY, true);
  sessions.bound(LIGHT, GATEWAY);
  sessions.unbound(LIGHT, GATEWAY);
  assert.deepEqual([sessions.isSubDeviceOnline(LIGHT), sessions.count], [false, 0]);
});

test("names that begin alike are not confused", () => {
  const sessions = new Sessions();
  sessions.begin({ productId: "ABCDE12345", deviceName: "1" }, []);
  assert.equal(sessions.get({ productId: "ABCDE1234", deviceName: "51" }), undefined);
});

test("it is counted for each product how many devices are online, each of them once", () => {
  const sessions = new Sessions();
  const first = sessions.begin(GATEWAY, [LIGHT, SECOND]);
  const second = sessions.begin(OTHER, [LIGHT]);
  for (const light of [LIGHT, SECOND]) sessions.setOnline(light, GATEWAY, true);
  sessions.setOnline(LIGHT, GATEWAY, true);
  sessions.setOnline(LIGHT, OTHER, true);
  assert.deepEqual(
    [LIGHT.productId, GATEWAY.productId, "UNKNOWN001", undefined].map((productId) => sessions.countOf(productId)),
    [2, 2, 0, 4],
  );
  // A sub-device that connects by itself too.
  const own = sessions.begin(SECOND, []);
  assert.equal(sessions.countOf(LIGHT.productId), 2);
  sessions.end(own);
  assert.equal(sessions.countOf(LIGHT.productId), 2);
  sessions.end(first);
  assert.deepEqual([sessions.countOf(LIGHT.productId), sessions.countOf(GATEWAY.productId)], [1, 1]);
  sessions.unbound(LIGHT, OTHER);
  sessions.end(second);
  sessions.end(second);
  assert.equal(sessions.countOf(), 0);
});
