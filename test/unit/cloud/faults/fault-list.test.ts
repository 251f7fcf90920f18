import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultList } from "../../../../cloud/faults/fault-list.js";

const PRODUCT = "ABCDE12345";
const LIGHT = { productId: PRODUCT, deviceName: "light_01" };

test("a fault strikes as often as it should, and the log says what is left", () => {
  const lines: string[] = [];
  const faults = new FaultList({ onStrike: (line) => lines.push(line) });
  faults.add({ fault: "cut", bytes: 5, times: 2 });
  for (let count = 0; count < 3; count++) faults.strike("end", LIGHT);
  assert.deepEqual(lines, [
    "cut bytes=5 strikes ABCDE12345/light_01: 1 left",
    "cut bytes=5 strikes ABCDE12345/light_01: 0 left",
  ]);
  assert.deepEqual(faults.list(), [{ id: 1, spec: { fault: "cut", bytes: 5, times: 2 }, struck: 2 }]);
});

test("without a count it strikes until it is cleared", () => {
  const lines: string[] = [];
  const faults = new FaultList({ onStrike: (line) => lines.push(line) });
  faults.add({ fault: "no-range" });
  for (let count = 0; count < 100; count++) assert.equal(faults.strike("range", LIGHT)?.fault, "no-range");
  assert.equal(lines.at(-1), "no-range strikes ABCDE12345/light_01: until it is cleared");
  assert.equal(faults.clear(), 1);
  assert.equal(faults.strike("range", LIGHT), undefined);
});

test("a fault is for all, for a product or for a device", () => {
  const other = { productId: PRODUCT, deviceName: "light_02" };
  const foreign = { productId: "LIGHTS0001", deviceName: "light_01" };
  const unknown = { productId: PRODUCT };
  const targets = [LIGHT, other, foreign, unknown, {}];
  const struck = (scope: object): boolean[] => {
    const faults = new FaultList();
    faults.add({ fault: "no-range", ...scope });
    return targets.map((target) => faults.strike("range", target) !== undefined);
  };
  assert.deepEqual(struck({}), [true, true, true, true, true]);
  assert.deepEqual(struck({ product: PRODUCT }), [true, true, false, true, false]);
  assert.deepEqual(struck({ product: PRODUCT, device: "light_01" }), [true, false, false, false, false]);
});

test("of several the first that fits strikes, and one that would change nothing does not count", () => {
  const faults = new FaultList();
  faults.add({ fault: "cut", bytes: 500, times: 1 });
  faults.add({ fault: "stall", bytes: 5 });
  const short = ({ bytes = 0 }: { readonly bytes?: number }): boolean => bytes < 100;
  assert.equal(faults.strike("end", LIGHT, short)?.fault, "stall");
  assert.equal(faults.strike("end", LIGHT)?.fault, "cut");
  assert.equal(faults.strike("end", LIGHT)?.fault, "stall");
  assert.deepEqual(
    faults.list().map(({ struck }) => struck),
    [1, 2],
  );
});

test("faults of other moments strike beside each other", () => {
  const faults = new FaultList();
  faults.add({ fault: "slow", bytesPerSecond: 1 });
  faults.add({ fault: "cut", bytes: 5 });
  assert.equal(faults.strike("pace", LIGHT)?.fault, "slow");
  assert.equal(faults.strike("end", LIGHT)?.fault, "cut");
});

test("one is removed by its number, which no other gets", () => {
  const faults = new FaultList();
  faults.add({ fault: "no-range" });
  faults.add({ fault: "expired" });
  assert.equal(faults.clear(2), 1);
  assert.throws(() => faults.clear(2), { name: "CloudError", message: "there is no fault 2" });
  assert.equal(faults.add({ fault: "expired" }).id, 3);
  assert.equal(faults.clear(), 2);
  assert.equal(faults.clear(), 0);
});

test("a fault that this cloud cannot have is refused with the reason", () => {
  const faults = new FaultList({ impossible: { handshake: "needs TLS" } });
  assert.throws(() => faults.add({ fault: "tls-refuse" }), { name: "CloudError", message: "tls-refuse needs TLS" });
  assert.deepEqual(faults.list(), []);
});

test("values of header fields and bodies stay out of the log: they could hold a signed URL", () => {
  const lines: string[] = [];
  const faults = new FaultList({ onStrike: (line) => lines.push(line) });
  faults.add({ fault: "status", status: 302, headers: { Location: "/x?sign=secret" }, body: "secret" });
  faults.strike("answer", LIGHT);
  assert.deepEqual(lines, [
    "status status=302 headers=Location body of 6 characters strikes ABCDE12345/light_01: until it is cleared",
  ]);
});

test("what faults there are of a moment is told without a strike, also of one that is spent", () => {
  const faults = new FaultList();
  faults.add({ fault: "low-battery", percent: 12, product: PRODUCT, device: "light_01", times: 1 });
  faults.add({ fault: "low-battery", percent: 50 });
  faults.add({ fault: "power-off", product: PRODUCT, device: "light_02" });
  const battery = (): unknown => faults.of("battery", LIGHT).map(({ fault, spent }) => [fault.percent, spent]);
  assert.deepEqual(battery(), [
    [12, false],
    [50, false],
  ]);
  faults.strike("battery", LIGHT);
  assert.deepEqual(battery(), [
    [12, true],
    [50, false],
  ]);
  assert.deepEqual(faults.of("power", LIGHT), []);
  assert.deepEqual(
    faults.list().map(({ struck }) => struck),
    [1, 0, 0],
  );
});

test("each change of the list is reported once it is made, and a refusal is none", () => {
  const lengths: number[] = [];
  const faults: FaultList = new FaultList({
    impossible: { power: "needs boards" },
    onChange: () => lengths.push(faults.list().length),
  });
  faults.add({ fault: "no-range" });
  assert.throws(() => faults.add({ fault: "power-off" }), /power-off needs boards/);
  faults.add({ fault: "expired" });
  faults.clear(1);
  assert.throws(() => faults.clear(1), /there is no fault 1/);
  faults.clear();
  faults.clear();
  assert.deepEqual(lengths, [1, 2, 1, 0]);
});
