import assert from "node:assert/strict";
import { test } from "node:test";
import { Reporter } from "../../../src/update/reporter.js";
import { puback } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";

function setup() {
  const bed = SessionTestBed.opened();
  let online = false;
  const reporter = new Reporter({
    session: bed.session,
    device: { productId: "ABCDE12345", deviceName: "d" },
    log: bed.logged.log,
    isOnline: () => online,
  });
  const connected = (isOnline: boolean): void => void (online = isOnline);
  /** QoS and text of what was sent since the last call. */
  const heard = (): string[] =>
    bed.sent().map(({ flags, body }) => {
      const topicEnd = 2 + (((body[0] as number) << 8) | (body[1] as number));
      const qos = (flags >> 1) & 3;
      assert.equal(Buffer.from(body.subarray(2, topicEnd)).toString(), "$ota/report/ABCDE12345/d");
      return `${qos} ${Buffer.from(body.subarray(topicEnd + (qos > 0 ? 2 : 0))).toString()}`;
    });
  return { bed, reporter, heard, connected };
}

test("as long as answers cannot come nothing is sent", () => {
  const { reporter, heard, bed, connected } = setup();
  for (const reconnects of [true, false]) {
    reporter.version("1.0", () => assert.fail());
    reporter.downloading("2.0", 5);
    reporter.burning("2.0", () => assert.fail());
    reporter.result("2.0", { outcome: "done" }, () => assert.fail());
    bed.clock.advance(0);
    assert.deepEqual(heard(), []);
    if (!reconnects) continue;
    connected(true);
    reporter.version("1.0", () => {});
    assert.equal(heard().length, 1);
    connected(false);
  }
});

test("progress is sent once, everything else until it is acknowledged", () => {
  const { bed, reporter, heard, connected } = setup();
  const told: string[] = [];
  connected(true);
  reporter.version("1.0", () => told.push("version"));
  reporter.downloading("2.0", 5);
  reporter.burning("2.0", () => told.push("burning"));
  reporter.result("2.0", { outcome: "done" }, () => told.push("result"));
  const words = heard();
  assert.deepEqual(
    words.map((word) => word.charAt(0)),
    ["1", "0", "1", "1"],
  );
  assert.match(words.join("\n"), /report_version[\s\S]*"downloading"[\s\S]*"burning"[\s\S]*"done"/);
  assert.deepEqual(told, []);
  for (const id of [1, 2, 3]) bed.peer.send(puback(id));
  assert.deepEqual(told, ["version", "burning", "result"]);
  assert.match(bed.logged.lines.join("\n"), /debug mqtt published .*"burning"/);
});

test("a component's prefix comes before the version in every message", () => {
  const bed = SessionTestBed.opened();
  const device = { productId: "ABCDE12345", deviceName: "d" };
  const reporter = new Reporter({
    session: bed.session,
    device,
    log: bed.logged.log,
    versionPrefix: "mcu_",
    isOnline: () => true,
  });
  reporter.version("1.0", () => {});
  reporter.downloading("2.0", 5);
  reporter.burning("2.0", () => {});
  reporter.result("2.0", { outcome: "done" }, () => {});
  const versions = bed.sent().map(({ body }) => /"version":"([^"]*)"/.exec(Buffer.from(body).toString())?.[1]);
  assert.deepEqual(versions, ["mcu_1.0", "mcu_2.0", "mcu_2.0", "mcu_2.0"]);
});

test("a message that the session does not take is logged", () => {
  const { bed, reporter, connected } = setup();
  connected(true);
  bed.session.stop();
  reporter.version("1.0", () => {});
  assert.match(bed.logged.lines.at(-1) ?? "", /debug mqtt could not publish/);
});
