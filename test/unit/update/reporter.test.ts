import assert from "node:assert/strict";
import { test } from "node:test";
import { Reporter } from "../../../src/update/reporter.js";
import { puback } from "../../support/broker-packets.js";
import { SessionBench } from "../../support/session-bench.js";

function setup() {
  const bench = SessionBench.opened();
  let online = false;
  const reporter = new Reporter({
    session: bench.session,
    device: { productId: "ABCDE12345", deviceName: "d" },
    log: bench.logged.log,
    isOnline: () => online,
  });
  const connected = (isOnline: boolean): void => void (online = isOnline);
  /** QoS and text of what was said since the last look. */
  const heard = (): string[] =>
    bench.sent().map(({ flags, body }) => {
      const topicEnd = 2 + (((body[0] as number) << 8) | (body[1] as number));
      const qos = (flags >> 1) & 3;
      assert.equal(Buffer.from(body.subarray(2, topicEnd)).toString(), "$ota/report/ABCDE12345/d");
      return `${qos} ${Buffer.from(body.subarray(topicEnd + (qos > 0 ? 2 : 0))).toString()}`;
    });
  return { bench, reporter, heard, connected };
}

test("as long as the answers cannot be heard nothing is said", () => {
  const { reporter, heard, bench, connected } = setup();
  for (const reconnects of [true, false]) {
    reporter.version("1.0", () => assert.fail());
    reporter.downloading("2.0", 5);
    reporter.burning("2.0", () => assert.fail());
    reporter.result("2.0", { outcome: "done" }, () => assert.fail());
    bench.clock.advance(0);
    assert.deepEqual(heard(), []);
    if (!reconnects) continue;
    connected(true);
    reporter.version("1.0", () => {});
    assert.equal(heard().length, 1);
    connected(false);
  }
});

test("progress is said once, everything else until it is acknowledged", () => {
  const { bench, reporter, heard, connected } = setup();
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
  for (const id of [1, 2, 3]) bench.peer.send(puback(id));
  assert.deepEqual(told, ["version", "burning", "result"]);
  assert.match(bench.logged.lines.join("\n"), /debug mqtt published .*"burning"/);
});

test("of a component the prefix stands before the version, whatever is said", () => {
  const bench = SessionBench.opened();
  const device = { productId: "ABCDE12345", deviceName: "d" };
  const reporter = new Reporter({
    session: bench.session,
    device,
    log: bench.logged.log,
    versionPrefix: "mcu_",
    isOnline: () => true,
  });
  reporter.version("1.0", () => {});
  reporter.downloading("2.0", 5);
  reporter.burning("2.0", () => {});
  reporter.result("2.0", { outcome: "done" }, () => {});
  const versions = bench.sent().map(({ body }) => /"version":"([^"]*)"/.exec(Buffer.from(body).toString())?.[1]);
  assert.deepEqual(versions, ["mcu_1.0", "mcu_2.0", "mcu_2.0", "mcu_2.0"]);
});

test("what the session does not take is told in the log", () => {
  const { bench, reporter, connected } = setup();
  connected(true);
  bench.session.stop();
  reporter.version("1.0", () => {});
  assert.match(bench.logged.lines.at(-1) ?? "", /debug mqtt could not publish/);
});
