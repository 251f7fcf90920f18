import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileFault } from "../../hal/boards/sim/file-fault.js";
import { generateSealKey, readSealKey } from "../../cloud/seal/keys.js";
import type { TrustedKey } from "../../cloud/seal/inspect.js";
import type { NamedKey } from "../../cloud/seal/sign.js";
import { UsageError } from "../command-line.js";
import { readText } from "../files.js";
import { say } from "./text.js";

/** `ota-cloud key new` */
export function keyNew(name: string, { output = "." }: { readonly output?: string }): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new UsageError("a name of a key is 1 to 64 of [A-Za-z0-9._-], and begins with neither . nor -");
  }
  const [privateFile, publicFile] = [join(output, `${name}.key`), join(output, `${name}.pub`)];
  for (const file of [privateFile, publicFile]) {
    if (existsSync(file)) throw new UsageError(`${file} exists, and no key is overwritten: give another name`);
  }
  const { privatePem, publicPem, key } = generateSealKey();
  writeNew(output, privateFile, privatePem, 0o600);
  try {
    writeNew(output, publicFile, publicPem, 0o644);
  } catch (error) {
    // Half a pair would be in the way of the next try.
    rmSync(privateFile, { force: true });
    throw error;
  }
  say(`${privateFile}  the private key: whoever has it decides what your devices run`);
  say(
    "  Keep it off build machines and out of the repository: on a token, in a key service, or encrypted and offline,",
  );
  say("  with a copy in another place: if it is lost, devices that trust no other key take no update any more.");
  say(`${publicFile}  the public key: for config.seal.trusted of the application, and for --trust`);
  say(`key id ${key.id.toString("hex")}`);
}

/** Reads keys that sign. @throws UsageError, CloudError */
export function readSigningKeys(files: readonly string[]): NamedKey[] {
  return files.map((file) => ({ file, key: readSealKey(readText(file), file) }));
}

/** Reads public keys. @throws UsageError, CloudError */
export function readTrustedKeys(files: readonly string[]): TrustedKey[] {
  return files.map((file) => ({ name: file, key: readSealKey(readText(file), file) }));
}

function writeNew(folder: string, file: string, text: string, mode: number): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text, { flag: "wx", mode });
    chmodSync(file, mode);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${fileFault(error)}`);
  }
}
