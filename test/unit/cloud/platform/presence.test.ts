import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnPresence, ReportedPresence, UNKNOWN_PRESENCE } from "../../../../cloud/platform/presence.js";
import { Sessions } from "../../../../cloud/platform/sessions.js";

const LIGHT = { productId: "ABCDE12345", deviceName: "light_01", gatewayId: null };
const GATEWAY = { productId: "GATEWAY001", deviceName: "gw1", gatewayId: null };
const SENSOR = { productId: "ABCDE12345", deviceName: "sensor_01", gatewayId: 7 };
const LIGHT_CLIENT = "ABCDE12345light_01";
const GATEWAY_CLIENT = "GATEWAY001gw1";

function reported(): { presence: ReportedPresence; sessions: Sessions; changes: () => number } {
  const sessions = new Sessions();
  let count = 0;
  const presence = new ReportedPresence({ sessions, onChange: () => count++ });
  return { presence, sessions, changes: () => count };
}

test("at the own broker a device is online while it is connected, and otherwise known to be away", () => {
  const sessions = new Sessions();
  const presence = new OwnPresence({ sessions, isOnline: () => false });
  assert.deepEqual([presence.of(LIGHT), presence.count(), presence.connections], [false, 0, 0]);
  sessions.begin(LIGHT, []);
  assert.deepEqual([presence.of(LIGHT), presence.count("ABCDE12345"), presence.connections], [true, 1, 1]);
});

test("at a broker that says nothing, nothing is known", () => {
  const { of, count, connections } = UNKNOWN_PRESENCE;
  assert.deepEqual([of(LIGHT), count(), connections], [null, null, null]);
});

test("by a broker's events a device is not known before the first one, and then what the latest one says", () => {
  const { presence, changes } = reported();
  assert.equal(presence.of(LIGHT), null);
  assert.equal(presence.note(LIGHT_CLIENT, true, 1000), true);
  assert.deepEqual([presence.of(LIGHT), presence.count("ABCDE12345"), presence.count("OTHER12345")], [true, 1, 0]);
  // The end of the connection before this one comes late.
  assert.equal(presence.note(LIGHT_CLIENT, false, 900), false);
  assert.equal(presence.of(LIGHT), true);
  presence.note(LIGHT_CLIENT, true, 1100);
  presence.note(LIGHT_CLIENT, false, 1200);
  assert.deepEqual([presence.of(LIGHT), presence.connections], [false, 0]);
  assert.equal(changes(), 2);
});

test("once events may have been missed, nothing is known any more", () => {
  const { presence, changes } = reported();
  presence.note(LIGHT_CLIENT, true, 1000);
  presence.forget();
  presence.forget();
  assert.deepEqual([presence.of(LIGHT), presence.count(), changes()], [null, 0, 2]);
  presence.note(LIGHT_CLIENT, false, 500);
  assert.equal(presence.of(LIGHT), false);
});

test("a sub-device is online if its gateway says so, and the gateway itself is", () => {
  const { presence, sessions } = reported();
  sessions.begin(GATEWAY, [SENSOR]);
  assert.equal(presence.of(SENSOR), null);
  sessions.setOnline(SENSOR, GATEWAY, true);
  assert.equal(presence.of(SENSOR), null);
  presence.note(GATEWAY_CLIENT, true, 1000);
  assert.equal(presence.of(SENSOR), true);
  presence.note(GATEWAY_CLIENT, false, 1001);
  assert.equal(presence.of(SENSOR), false);
  // It may also be connected by itself.
  presence.note("ABCDE12345sensor_01", true, 1002);
  assert.equal(presence.of(SENSOR), true);
});
