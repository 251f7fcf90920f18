import { LISTENER_SLOTS, STACK_SLOTS, TLS_SLOTS } from "../hal/boards/esp32/stack.js";
import { MissingPrerequisite } from "../hal/boards/xs/host/missing-prerequisite.js";
import { XsSdk } from "../hal/boards/xs/host/sdk.js";
import type { StackEntry } from "../test/support/stack-entries.js";
import { measureStack, SCENE_NAMES } from "../test/support/stack-scenes.js";

const NAME_WIDTH = 34;
const WIDTH = 10;
/** Functions in one line of a chain. */
const CHAIN_LENGTH = 6;

/** Prints the table over plain TCP. @returns the most slots of all calls */
export async function printStack(): Promise<number> {
  const { rows, deepest: scenes } = await measureStack();
  const deepest = rows[0]?.slots ?? 0;
  console.log(`\n${row("stack, slots", ["at most", "calls"])}  the deepest call`);
  for (const { name, slots, count, does } of rows) console.log(`${row(name, [slots, count])}  ${does}`.trimEnd());
  console.log(`\n${row("scene", ["at most"])}  the deepest call`);
  for (const [scene, { name, slots }] of scenes) console.log(`${row(scene, [slots])}  ${name}`);
  console.log(
    `${deepest} and ${TLS_SLOTS} for TLS and ${LISTENER_SLOTS} for a listener: ${deepest + TLS_SLOTS + LISTENER_SLOTS} of ${STACK_SLOTS}`,
  );
  return deepest;
}

/**
 * Prints the same table over the SDK's TLS, beside plain TCP in the same engine, which is the SDK's. Without an SDK it
 * prints one line with the reason instead.
 *
 * @returns the most slots of all calls over TLS, or `undefined` if it was not measured
 */
export async function printTlsStack(): Promise<number | undefined> {
  const sdk = findSdk();
  if (sdk === undefined) return undefined;
  const plain = new Map((await measureStack({ sdk })).rows.map(({ name, slots }) => [name, slots]));
  const { rows } = await measureStack({ sdk, overTls: true });
  console.log(`\n${row("stack over TLS, slots", ["plain", ...SCENE_NAMES, "calls"])}  the deepest call`);
  for (const { name, scenes, count, does } of rows) {
    const cells = [plain.get(name), ...SCENE_NAMES.map((scene) => scenes.get(scene)), count];
    console.log(`${row(name, cells)}  ${does}`.trimEnd());
  }
  const deepest = rows[0]?.slots ?? 0;
  console.log(
    `${deepest} and ${LISTENER_SLOTS} for a listener: ${deepest + LISTENER_SLOTS} of ${STACK_SLOTS}; TLS adds ${deepest - Math.max(...plain.values())}`,
  );
  const named = await measureStack({ sdk, overTls: true, readable: true, only: "own" });
  printChain(named.rows[0]);
  return deepest;
}

function findSdk(): XsSdk | undefined {
  try {
    return XsSdk.find(process.env);
  } catch (error) {
    if (!(error instanceof MissingPrerequisite)) throw error;
    console.log(`\nstack over TLS: skipped: ${error.message}`);
    return undefined;
  }
}

function printChain(entry: StackEntry | undefined): void {
  if (entry === undefined) return;
  console.log(
    `\n${entry.name}, ${entry.slots} slots before the bundle is minified; each function, and the slots in use when it was called:`,
  );
  for (let at = 0; at < entry.calls.length; at += CHAIN_LENGTH) {
    console.log(
      `  ${entry.calls
        .slice(at, at + CHAIN_LENGTH)
        .map((call) => call.replace(/:(?=\d+$)/, " "))
        .join(", ")}`,
    );
  }
}

function row(name: string, cells: readonly (string | number | undefined)[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map((cell) => ` ${cell ?? ""}`.padStart(WIDTH)).join("");
}
