import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FaultSpec } from "../../cloud/faults/fault.js";
import { MOMENTS } from "../../cloud/faults/fault.js";
import { type FaultyUpdate, updateWith } from "../support/faulty-cloud.js";

interface Row {
  /** What the board does. */
  readonly name: string;
  readonly faults: readonly FaultSpec[];
  readonly tls?: boolean;
  readonly idleTimeoutSeconds?: number;
  /** How often the board reports its version. Default: its own, which is longer than a row takes. */
  readonly checkEverySeconds?: number;
  /** The last words of the board. Default: those of an update that has succeeded. */
  readonly ends?: RegExp;
  /** Status of each request for the file that was answered. */
  readonly statuses?: readonly number[];
  /** How often faults struck. */
  readonly strikes?: number;
  readonly also?: (update: FaultyUpdate) => void;
}

const DONE = /burning, done, version 0\.2\.0$/;
/** A fault for the first request, after which the board requests a range. */
const CUT: FaultSpec = { fault: "cut", bytes: 100_000, times: 1 };

function logs(pattern: RegExp): (update: FaultyUpdate) => void {
  return ({ logged }) =>
    assert.ok(
      logged.some((line) => pattern.test(line)),
      logged.join("\n"),
    );
}

/** What an ordinary board does about each fault of the local cloud. docs/cloud.md has the same in a table. */
const ROWS: readonly Row[] = [
  {
    name: "slow: it takes what comes",
    faults: [{ fault: "slow", bytesPerSecond: 400_000 }],
    statuses: [200],
    strikes: 1,
  },
  {
    name: "stall: it gives up the connection after its idle timeout, and resumes",
    faults: [{ fault: "stall", bytes: 100_000, times: 1 }],
    idleTimeoutSeconds: 1,
    strikes: 1,
    also: logs(/idle-timeout/),
  },
  { name: "cut: it resumes", faults: [CUT], statuses: [200, 206], strikes: 1, also: logs(/connection-lost/) },
  {
    name: "cut within a block: what came of it is not asked for again",
    faults: [{ fault: "cut", bytes: 5, times: 3 }],
    statuses: [200, 206, 206, 206],
    strikes: 3,
  },
  {
    name: "cut before the first byte, each time: it fails after its tries",
    faults: [{ fault: "cut", bytes: 0 }],
    ends: /fail -1 time_out$/,
    statuses: [200, 200, 200, 200],
    strikes: 4,
  },
  {
    name: "reset in the body: it resumes",
    faults: [{ fault: "reset", bytes: 100_000, times: 1 }],
    strikes: 1,
    also: logs(/connection-lost/),
  },
  {
    name: "reset instead of an answer: it tries again",
    faults: [{ fault: "reset", times: 1 }],
    strikes: 1,
    also: logs(/connection-lost/),
  },
  {
    name: "status 503: it tries again",
    faults: [{ fault: "status", status: 503, headers: { "Retry-After": "1" }, body: "busy", times: 2 }],
    statuses: [503, 503, 200],
    strikes: 2,
    also: logs(/server-busy/),
  },
  {
    name: "status 404: it fails at once",
    faults: [{ fault: "status", status: 404 }],
    ends: /fail -2 file not exist$/,
    statuses: [404],
    strikes: 1,
  },
  {
    name: "no-range: it compares what it has, and goes on",
    faults: [CUT, { fault: "no-range" }],
    statuses: [200, 200],
    strikes: 2,
  },
  {
    name: "wrong-range: it asks for the whole file, compares what it has, and goes on",
    faults: [CUT, { fault: "wrong-range" }],
    statuses: [200, 206, 200],
    strikes: 2,
  },
  {
    name: "wrong-bytes: it reports a wrong digest",
    faults: [{ fault: "wrong-bytes" }],
    ends: /fail -4 md5 not match$/,
    statuses: [200],
    strikes: 1,
  },
  {
    name: "wrong-bytes in the second part of a download: it downloads the whole once more",
    faults: [CUT, { fault: "wrong-bytes", times: 1 }],
    statuses: [200, 206, 200],
    strikes: 2,
    also: logs(/digest-mismatch/),
  },
  {
    name: "redirect: it follows 5",
    faults: [{ fault: "redirect", hops: 5, times: 1 }],
    statuses: [302, 302, 302, 302, 302, 200],
    strikes: 1,
  },
  {
    name: "redirect: it does not follow 6",
    faults: [{ fault: "redirect", hops: 6 }],
    ends: /fail -5 more than 5 redirects$/,
    statuses: [302, 302, 302, 302, 302, 302],
    strikes: 1,
  },
  {
    name: "tls-refuse: it reports that the handshake failed",
    faults: [{ fault: "tls-refuse" }],
    tls: true,
    ends: /fail -[15] [^,]+$/,
    statuses: [],
    also: ({ strikes }) => assert.match(strikes[0] ?? "", /^tls-refuse strikes a connection: /),
  },
  {
    name: "reset over TLS: it resumes",
    faults: [{ fault: "reset", bytes: 100_000, times: 1 }],
    tls: true,
    strikes: 1,
    also: logs(/connection-lost/),
  },
  {
    name: "wrong-md5: it reports a wrong digest",
    faults: [{ fault: "wrong-md5" }],
    ends: /fail -4 md5 not match$/,
    strikes: 1,
  },
  {
    name: "expired: it reports its version again, and gets a fresh URL",
    faults: [{ fault: "expired", times: 1 }],
    ends: /^version 0\.1\.0, version 0\.1\.0, burning, done, version 0\.2\.0$/,
    statuses: [403, 200],
    strikes: 1,
    also: logs(/url-refused/),
  },
  {
    name: "refuse: it connects again",
    faults: [{ fault: "refuse", code: 3, times: 1 }],
    strikes: 1,
    also: logs(/broker is unavailable/),
  },
  {
    name: "refuse with a code that says for good: it connects again too",
    faults: [{ fault: "refuse", code: 1, times: 1 }],
    strikes: 1,
    also: logs(/protocol version/),
  },
  {
    name: "drop: it connects again, and sends the message again",
    faults: [{ fault: "drop", type: "report_version", times: 1 }],
    ends: /^version 0\.1\.0, burning, done, version 0\.2\.0$/,
    strikes: 1,
    also: logs(/connection to 127\.0\.0\.1 closed/),
  },
  {
    name: "lose-puback: it sends a report again that was not acknowledged",
    // It may restart before it sends `burning` again. Then the second PUBACK that is lost is that for `done`.
    faults: [{ fault: "lose-puback", type: "report_progress", times: 2 }],
    ends: /burning, (?:burning, done|done, done), version 0\.2\.0$/,
    strikes: 2,
  },
  {
    name: "lose: it reports its version again, and gets the offer again",
    faults: [{ fault: "lose", type: "update_firmware", times: 1 }],
    checkEverySeconds: 3,
    ends: /^version 0\.1\.0, version 0\.1\.0, burning, done, version 0\.2\.0$/,
    strikes: 1,
  },
  { name: "delay: it waits", faults: [{ fault: "delay", ms: 300, type: "update_firmware" }], strikes: 1 },
  {
    name: "duplicate: it downloads once",
    faults: [{ fault: "duplicate", type: "update_firmware" }],
    statuses: [200],
    strikes: 1,
  },
  { name: "reorder: it takes the offer before the answer", faults: [{ fault: "reorder", times: 1 }], strikes: 1 },
];

describe("a board in a cloud with a fault", { concurrency: 3 }, () => {
  for (const { name, faults, tls, idleTimeoutSeconds, checkEverySeconds, ends = DONE, ...expected } of ROWS) {
    const { statuses, strikes, also } = expected;
    test(name, async () => {
      const update = await updateWith(faults, { tls, idleTimeoutSeconds, checkEverySeconds });
      assert.match(update.words.join(", "), ends);
      if (statuses !== undefined) assert.deepEqual(update.statuses, statuses);
      if (strikes !== undefined) assert.equal(update.strikes.length, strikes, update.strikes.join("\n"));
      also?.(update);
    });
  }
});

test("each fault has a row, but those of a simulated board itself, which the demo's tests show", () => {
  const shown = new Set(ROWS.flatMap(({ faults }) => faults.map(({ fault }) => fault)));
  const ofCloud = Object.entries(MOMENTS).filter(([, moment]) => !["power", "battery"].includes(moment));
  assert.deepEqual([...shown].sort(), ofCloud.map(([fault]) => fault).sort());
});
