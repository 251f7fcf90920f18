import assert from "node:assert/strict";
import { test } from "node:test";
import { HalError } from "../../../hal/ports/index.js";
import { partitionArea } from "../../../src/staging/partition-area.js";
import { MemoryFlash } from "../../support/memory-flash.js";

test("the area is the data partition `staging`", () => {
  const staging = new MemoryFlash({ blocks: 4 });
  const opened: string[] = [];
  const area = partitionArea({
    openPartition: (label) => {
      opened.push(label);
      return staging;
    },
  });
  assert.deepEqual([area.label, area.partition === staging, opened], ["staging", true, ["staging"]]);
});

test("a board without that partition is an error that names it", () => {
  const openPartition = (): never => {
    throw new HalError("io", "no such partition");
  };
  assert.throws(() => partitionArea({ openPartition }), /no such partition/);
});
