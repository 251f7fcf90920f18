import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** File with the address at which a running cloud takes the commands of this machine. Only its owner can read it. */
const ADDRESS_FILE = "serve.json";

export interface LocalAddress {
  readonly port: number;
  readonly token: string;
}

export function writeAddress(folder: string, address: LocalAddress): void {
  const path = join(folder, ADDRESS_FILE);
  // The mode is set only when a file is made.
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(address), { mode: 0o600, flag: "wx" });
}

/** Removes the address, unless another cloud has written its own meanwhile. */
export function removeAddress(folder: string, { token }: LocalAddress): void {
  if (readAddress(folder)?.token === token) rmSync(join(folder, ADDRESS_FILE), { force: true });
}

/** @returns the address of the cloud that runs, or ran, on this folder */
export function readAddress(folder: string): LocalAddress | undefined {
  try {
    const { port, token } = JSON.parse(readFileSync(join(folder, ADDRESS_FILE), "utf8")) as Partial<LocalAddress>;
    if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
    return typeof token === "string" ? { port, token } : undefined;
  } catch {
    return undefined;
  }
}
