import { type Packed, packedUpdate } from "../test/support/packed-update.js";
import { measureUpdate } from "../test/support/update-cost.js";
import { readSizes } from "./sizes.js";

const LABEL_WIDTH = 34;
const WIDTH = 12;
const BUNDLE = "packages";
/** What is measured, and whether the board's C decodes it. */
const PACKED: readonly (readonly [label: string, packed: Packed, native?: boolean])[] = [
  ["minor", "minor"],
  ["feature", "feature"],
  ["compressed", "compressed"],
  ["minor in C", "minor", true],
];

/** What a minor delta costs beyond a whole image. */
export interface PackageCost {
  /** Bytes alive at the worst moment, beyond those of a whole image. */
  readonly moreBytes: number;
  readonly stackSlots: number;
}

/**
 * Prints what an update costs the engine if the image comes as a package.
 *
 * @param byteLength of the image, about
 */
export async function printPackages(byteLength: number, stride: number): Promise<PackageCost> {
  const whole = await measureUpdate({ byteLength, stride });
  const costs = [];
  for (const [, packed, native = false] of PACKED) {
    const { file, result } = packedUpdate(packed, byteLength);
    costs.push({ ...(await measureUpdate({ byteLength, stride, packed, native })), file, result });
  }
  const more = costs.map(({ liveBytes }) => liveBytes - whole.liveBytes);
  console.log(`\n${row("an update", "whole", ...PACKED.map(([label]) => label))}`);
  console.log(row("bytes of the file", byteLength, ...costs.map(({ file }) => file.byteLength)));
  for (const [label, of] of [
    ["peak over idle, bytes", "liveBytes"],
    ["slots of the idle agent", "idleSlots"],
    ["bytes of chunks of the idle agent", "idleChunkBytes"],
    ["stack in all, slots", "stackSlots"],
  ] as const) {
    console.log(row(label, whole[of], ...costs.map((cost) => cost[of])));
  }
  console.log(row("peak beyond a whole image, bytes", 0, ...more));
  const perByte = (bytecodes: number, length: number): string => (bytecodes / length).toFixed(1);
  console.log(
    row(
      "XS bytecodes per byte of the image",
      perByte(whole.bytecodes, byteLength),
      ...costs.map(({ bytecodes, result }) => perByte(bytecodes, result.byteLength)),
    ),
  );
  const bundle = readSizes().find(({ name }) => name === BUNDLE);
  console.log(`${BUNDLE}.js, which is flash: ${bundle?.minifiedBytes} bytes`);
  return {
    moreBytes: Math.max(...more),
    stackSlots: Math.max(...costs.map(({ stackSlots }) => stackSlots)),
  };
}

function row(label: string, ...cells: readonly (string | number)[]): string {
  return label.padEnd(LABEL_WIDTH) + cells.map((cell) => String(cell).padStart(WIDTH)).join("");
}
