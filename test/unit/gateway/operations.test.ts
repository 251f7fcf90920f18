import assert from "node:assert/strict";
import { test } from "node:test";
import { Operations } from "../../../src/gateway/operations.js";
import type { DeviceName } from "../../../src/protocol/identity.js";
import { VirtualClock } from "../../support/virtual-clock.js";

test("the list of bound devices has the gateway's own texts for those that it knows, and no more of them", () => {
  const known = { productId: "PRODUCT001", deviceName: "light_1", secret: "x" };
  const strange = { productId: "PRODUCT002", deviceName: "light_2", result: Number.NaN };
  const answered = [{ productId: "PRODUCT001", deviceName: "light_1 as it came", result: Number.NaN }, strange];
  const operations = new Operations({ session: { publish: () => true }, clock: new VirtualClock(), topic: "t" });
  let names: unknown;
  operations.describe((answer) => (names = answer));
  operations.onBound({ next: () => answered.shift() }, ({ productId }: DeviceName) =>
    productId === known.productId ? known : undefined,
  );
  assert.deepEqual(names, [
    { productId: "PRODUCT001", deviceName: "light_1" },
    { productId: "PRODUCT002", deviceName: "light_2" },
  ]);
});
