import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SDK_CHIPS, type SdkChip } from "../../hal/boards/family/chips.js";
import { ROOT } from "../support/root.js";

const HEAD = [
  "| Chip | Id | Boot loader at | Mapped from flash | MMU page | Flash | Heap of XS | Stack | Wi-Fi | Board |",
  "|---|---:|---|---|---|---|---|---|---|---|",
];

/** The block of docs/board.md between its two marks. */
function familyDocument(): string {
  return [...HEAD, ...SDK_CHIPS.map(rowOf)].join("\n");
}

function rowOf({ name, id, bootLoaderOffset, mapped, choosesPageLength, sdk }: SdkChip): string {
  const { staticBytes, chunkBytes, slots, stackSlots } = sdk.creation;
  const heap =
    staticBytes === 0
      ? `${count(slots.initial)} slots, ${count(chunkBytes.initial)} bytes of chunks`
      : `one block of ${count(staticBytes)} bytes`;
  const cells = [
    name,
    id,
    hex(bootLoaderOffset),
    mapped.map(([from, to]) => `${hex(from)} to ${hex(to)}`).join(", "),
    choosesPageLength ? "as the image has it" : "64 KiB",
    `${sdk.flashMegabytes} MB`,
    heap,
    `${stackSlots} slots`,
    sdk.hasWifi ? "yes" : "no",
    sdk.board,
  ];
  return `| ${cells.join(" | ")} |`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

test("docs/board.md shows the chips of the table", () => {
  const page = readFileSync(join(ROOT, "docs", "board.md"), "utf8");
  const [, block] = /<!-- family -->\n\n([\s\S]*?)\n\n<!-- end of family -->/.exec(page) ?? [];
  assert.equal(block, familyDocument(), "copy the expected text between the two marks of docs/board.md");
});

for (const name of ["README.md", "README.zh-CN.md"]) {
  test(`${name} lists the chips that the SDK connects to a network`, () => {
    const page = readFileSync(join(ROOT, name), "utf8");
    for (const chip of SDK_CHIPS.filter(({ sdk }) => sdk.hasWifi)) {
      assert.match(page, new RegExp(`(?<![\\w-])${chip.name}(?![\\w-])`), chip.name);
    }
  });
}
