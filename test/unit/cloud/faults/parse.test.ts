import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MOMENTS } from "../../../../cloud/faults/fault.js";
import { parseFault, parseFaults } from "../../../../cloud/faults/parse.js";
import { CloudError } from "../../../../cloud/types.js";
import { ROOT } from "../../../support/root.js";

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof CloudError, String(error));
    return error.message;
  }
  return "accepted";
}

const REFUSED: readonly [value: unknown, message: string][] = [
  [null, 'a fault is an object: { "fault": "cut", "bytes": 65536 }'],
  [[], 'a fault is an object: { "fault": "cut", "bytes": 65536 }'],
  ["cut", 'a fault is an object: { "fault": "cut", "bytes": 65536 }'],
  [{}, `fault is missing: one of ${Object.keys(MOMENTS).join(", ")}`],
  [{ fault: 1 }, `fault is missing: one of ${Object.keys(MOMENTS).join(", ")}`],
  [{ fault: "cutt" }, 'there is no fault "cutt": did you mean cut?'],
  [{ fault: "norange" }, 'there is no fault "norange": did you mean no-range?'],
  [{ fault: "toString" }, 'there is no fault "toString": did you mean no-range?'],
  [{ fault: "cut" }, "cut: bytes is missing: a whole number, 0 or more"],
  [{ fault: "cut", byte: 5 }, 'cut: no key "byte": did you mean bytes?'],
  [{ fault: "cut", bytes: 5, devcie: "x" }, 'cut: no key "devcie": did you mean device?'],
  [{ fault: "cut", bytes: 5, __proto__x: 1 }, 'cut: no key "__proto__x": did you mean product?'],
  [{ fault: "cut", bytes: -1 }, "cut: bytes is not a whole number, 0 or more"],
  [{ fault: "cut", bytes: 1.5 }, "cut: bytes is not a whole number, 0 or more"],
  [{ fault: "cut", bytes: "5" }, "cut: bytes is not a whole number, 0 or more"],
  [{ fault: "cut", bytes: 5, times: 0 }, "cut: times is not a whole number from 1 to 1000000000"],
  [{ fault: "cut", bytes: 5, product: "abc" }, "cut: product is not 10 of [A-Z0-9]"],
  [{ fault: "cut", bytes: 5, product: "ABCDE12345", device: "a b" }, "cut: device is not 1 to 48 of [A-Za-z0-9:_-]"],
  [{ fault: "cut", bytes: 5, device: "light_01" }, "cut: device needs product"],
  [{ fault: "slow" }, "slow: bytesPerSecond is missing: a whole number from 1 to 1000000000"],
  [{ fault: "slow", bytesPerSecond: 0 }, "slow: bytesPerSecond is not a whole number from 1 to 1000000000"],
  [{ fault: "stall" }, "stall: bytes is missing: a whole number, 0 or more"],
  [{ fault: "reset", bytes: null }, "reset: bytes is not a whole number, 0 or more"],
  [{ fault: "status", status: 100 }, "status: status is not a whole number from 200 to 599"],
  [
    { fault: "status", status: 503, headers: ["a"] },
    'status: headers is not an object of header fields, such as { "Retry-After": "5" }',
  ],
  [
    { fault: "status", status: 503, headers: { "a b": "c" } },
    'status: headers is not an object of header fields, such as { "Retry-After": "5" }',
  ],
  [
    { fault: "status", status: 503, headers: { a: "b\r\nc: d" } },
    'status: headers is not an object of header fields, such as { "Retry-After": "5" }',
  ],
  [{ fault: "status", status: 503, body: 5 }, "status: body is not a text"],
  [{ fault: "no-range", bytes: 1 }, 'no-range: no key "bytes": did you mean times?'],
  [{ fault: "wrong-range", shift: 0 }, "wrong-range: shift is not a whole number, 1 or more"],
  [{ fault: "wrong-bytes", offset: -1 }, "wrong-bytes: offset is not a whole number, 0 or more"],
  [{ fault: "redirect", hops: 101 }, "redirect: hops is not a whole number from 1 to 100"],
  [{ fault: "tls-refuse", alert: 256 }, "tls-refuse: alert is not a whole number from 0 to 255"],
  [{ fault: "refuse", code: 6 }, "refuse: code is not a whole number from 1 to 5"],
  [{ fault: "delay", ms: 0 }, "delay: ms is not a whole number from 1 to 600000"],
  [{ fault: "power-off", at: "noon" }, "power-off: at is not one of now, offer, burning"],
  [{ fault: "low-battery" }, "low-battery: percent is missing: a whole number from 0 to 100"],
  [{ fault: "low-battery", percent: 101 }, "low-battery: percent is not a whole number from 0 to 100"],
  [
    { fault: "drop", type: "update_firmware" },
    "drop: type is not one of report_version, report_progress, online, offline, bind, unbind, change, describe_sub_devices",
  ],
  [
    { fault: "lose", type: "report_version" },
    "lose: type is not one of report_version_rsp, update_firmware, online, offline, bind, unbind, change, describe_sub_devices",
  ],
];

for (const [value, message] of REFUSED) {
  test(`${JSON.stringify(value)} is refused: ${message}`, () => {
    assert.equal(
      refusal(() => parseFault(value)),
      message,
    );
  });
}

test("a list names the entry, counted from 1", () => {
  const good = { fault: "no-range" };
  assert.equal(
    refusal(() => parseFaults([good, { fault: "cut", byte: 1 }])),
    'entry 2, cut: no key "byte": did you mean bytes?',
  );
  assert.equal(
    refusal(() => parseFaults([{ fault: "no" }])),
    'entry 1: there is no fault "no": did you mean slow?',
  );
  assert.match(
    refusal(() => parseFaults({ faults: [] })),
    /^faults are a list: /,
  );
});

test("every fault is accepted, with its scope", () => {
  const scope = { product: "ABCDE12345", device: "light:01", times: 3 };
  const faults = [
    { fault: "slow", bytesPerSecond: 1 },
    { fault: "stall", bytes: 0 },
    { fault: "cut", bytes: 65_536 },
    { fault: "reset" },
    { fault: "reset", bytes: 1 },
    { fault: "status", status: 503 },
    { fault: "status", status: 301, headers: { Location: "/x" }, body: "é" },
    { fault: "no-range" },
    { fault: "wrong-range" },
    { fault: "wrong-range", shift: 1 },
    { fault: "wrong-bytes" },
    { fault: "wrong-bytes", offset: 0 },
    { fault: "redirect", hops: 1 },
    { fault: "tls-refuse" },
    { fault: "tls-refuse", alert: 80 },
    { fault: "wrong-md5" },
    { fault: "expired" },
    { fault: "refuse", code: 1 },
    { fault: "drop" },
    { fault: "lose-puback", type: "report_progress" },
    { fault: "lose", type: "update_firmware" },
    { fault: "delay", ms: 1 },
    { fault: "duplicate" },
    { fault: "reorder" },
    { fault: "power-off" },
    { fault: "power-off", at: "burning" },
    { fault: "low-battery", percent: 0 },
  ];
  for (const fault of faults) assert.deepEqual(parseFault({ ...fault, ...scope }), { ...fault, ...scope });
  assert.deepEqual([...new Set(faults.map(({ fault }) => fault))].sort(), Object.keys(MOMENTS).sort());
  assert.deepEqual(parseFaults(faults), faults);
});

test("docs/cloud.md has a row for each fault", () => {
  const page = readFileSync(join(ROOT, "docs", "cloud.md"), "utf8");
  const table = page.slice(page.indexOf("| Fault | Settings |")).split("\n\n", 1)[0] ?? "";
  const rows = [...table.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(rows.sort(), Object.keys(MOMENTS).sort());
});
