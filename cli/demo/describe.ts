import { resolve } from "node:path";
import { BAD_VERSION } from "./firmware.js";
import type { DemoFolder } from "./folder.js";
import { DEMO_PRODUCT } from "./roster.js";

/** @returns what a tester has to know of the demo, in lines */
export function describeDemo(
  { roster, seed, files, faults }: DemoFolder,
  { online, state }: { readonly online: number; readonly state: string },
): string[] {
  const many = faults.length === 1 ? "1 fault makes a board" : `${faults.length} faults make boards`;
  return [
    `demo   ${online} of ${roster.boards.length} boards are online: product ${DEMO_PRODUCT}, seed ${seed}`,
    `0.2.0  ${resolve(files.good)}: upload it in the console`,
    `${BAD_VERSION}  ${resolve(files.bad)}: it fails its self test on every board`,
    `bench  ${many} misbehave; the console can remove them, and so can npx ota-cloud fault clear --state ${state}`,
  ];
}
