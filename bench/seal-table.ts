import { measureUpdate } from "../test/support/update-cost.js";
import { measureVerification, type VerificationCost } from "../test/support/verification-cost.js";
import { readSizes } from "./sizes.js";

const LABEL_WIDTH = 34;
const WIDTH = 10;
const BUNDLE = "seal";
const P256 = "src/seal/p256.ts";

/**
 * Prints what a verification in BigInt costs, and what a sealed update adds to a plain one.
 *
 * @param byteLength of the update's image
 */
export async function printSeal(byteLength: number, stride: number): Promise<VerificationCost> {
  const cost = await measureVerification();
  console.log(`\n${row("one P-256 signature in BigInt", "at most")}`);
  for (const [label, value] of [
    ["XS bytecodes", cost.bytecodes],
    ["peak, bytes", cost.liveBytes],
    ["  slots of 16 bytes", cost.liveSlots],
    ["  bytes of chunks", cost.liveChunkBytes],
    ["slots kept after it", cost.keptSlots],
    ["slots made, garbage included", cost.slotsMade],
    ["stack in all, slots", cost.stackSlots],
  ] as const) {
    console.log(row(label, value));
  }
  const [plain, sealed] = [
    await measureUpdate({ byteLength, stride }),
    await measureUpdate({ byteLength, stride, sealed: true }),
  ];
  console.log(`\n${row("an update", "plain", "sealed")}`);
  for (const [label, of] of [
    ["peak over idle, bytes", "liveBytes"],
    ["slots of the idle agent", "idleSlots"],
    ["bytes of chunks of the idle agent", "idleChunkBytes"],
    ["stack in all, slots", "stackSlots"],
    ["XS bytecodes", "bytecodes"],
  ] as const) {
    console.log(row(label, plain[of], sealed[of]));
  }
  const bundle = readSizes().find(({ name }) => name === BUNDLE);
  console.log(
    `${BUNDLE}.js, which is flash: ${bundle?.minifiedBytes} bytes, ${bundle?.modules[P256]} of them for P-256 in BigInt`,
  );
  return cost;
}

function row(label: string, ...cells: readonly (string | number)[]): string {
  return label.padEnd(LABEL_WIDTH) + cells.map((cell) => String(cell).padStart(WIDTH)).join("");
}
