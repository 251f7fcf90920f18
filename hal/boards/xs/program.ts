import { readBuilt } from "./files.js";
import { loaderSource } from "./loader.js";

const AGENT = "moddable-ota";
/** Names of the agent's parts: the file is `<name>.js`, the import is `moddable-ota/<name>`. */
const PARTS = ["control", "gateway", "mqtt", "packages", "plans", "registration", "seal", "staging"];
const GUEST = "xs";

/**
 * @returns the program of the engine: the bundles that ship, and the application that exchanges messages with the host
 */
export function guestProgram({ readable = false }: { readonly readable?: boolean } = {}): string {
  const folder = readable ? "readable" : "moddable";
  const parts = PARTS.map((part) => [`${AGENT}/${part}`, readBuilt(folder, `${part}.js`)] as const);
  const modules = [
    [AGENT, readBuilt(folder, `${AGENT}.js`)] as const,
    ...parts,
    [GUEST, readBuilt("xs", `${GUEST}.js`)] as const,
  ];
  return loaderSource(Object.fromEntries(modules), GUEST);
}
