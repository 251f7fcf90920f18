import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { CloudError } from "../types.js";
import { readSignature } from "./signature.js";

/** A person may have to touch a token first. */
const LONGEST_MS = 300_000;
const MOST_OUTPUT_BYTES = 16_384;

export interface ExternalSignature {
  /** A command line, as the user's shell takes it. */
  readonly command: string;
  /** The bytes to sign. */
  readonly message: Buffer;
  /** File of the public key, as the user named it. */
  readonly keyFile: string;
}

/**
 * Has a command sign. It gets the message on standard input. In its environment are `OTA_SEAL_SHA256`, the message's
 * SHA-256 in hexadecimal digits, and `OTA_SEAL_KEY`, the file of the public key. It writes the signature to standard
 * output, as `readSignature` takes it.
 *
 * @returns r and s of 32 bytes each
 * @throws CloudError if it fails, takes longer than 5 minutes, or writes no signature
 */
export function signExternally({ command, message, keyFile }: ExternalSignature): Buffer {
  // A key service takes the hash instead.
  const digest = createHash("sha256").update(message).digest("hex");
  const { status, signal, stdout, stderr, error } = spawnSync(command, {
    shell: true,
    input: message,
    maxBuffer: MOST_OUTPUT_BYTES,
    timeout: LONGEST_MS,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, OTA_SEAL_SHA256: digest, OTA_SEAL_KEY: keyFile },
  });
  // A command that reads the digest alone closes its input early, which is no failure.
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== "EPIPE") {
    throw new CloudError(`the command of --sign-with failed: ${error.message}`);
  }
  if (status !== 0) {
    const [line = ""] = stderr.toString().trim().split("\n").slice(-1);
    throw new CloudError(`the command of --sign-with ended with ${signal ?? `exit code ${status}`}: ${line}`);
  }
  const signature = readSignature(stdout);
  if (signature === undefined) {
    throw new CloudError(
      `the command of --sign-with wrote ${stdout.byteLength} bytes, which are no signature: DER, or r and s of 32 bytes each`,
    );
  }
  return signature;
}
