import { readFileSync, statSync } from "node:fs";
import { CloudError } from "../../types.js";

/** What signs requests to a store. */
export interface ObjectKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that are valid for a time. */
  readonly sessionToken?: string;
}

/** @returns the keys as they are now */
export type KeySource = () => ObjectKeys;

const VISIBLE = /^[!-~]{1,4096}$/;

/**
 * Reads keys from a file of two or three lines: access key id, secret access key and session token. The file is read
 * again when it has changed, so that another program can renew keys that are valid for a time.
 *
 * @throws CloudError if it cannot be read or holds something else; later, what was read last stays in use
 */
export function keysOfFile(path: string): KeySource {
  let known = readKeys(path);
  let knownMs = changedAtMs(path);
  return () => {
    const changedMs = changedAtMs(path);
    if (changedMs !== knownMs) {
      try {
        known = readKeys(path);
        knownMs = changedMs;
      } catch {
        // It is being written: the next request reads it again.
      }
    }
    return known;
  };
}

/**
 * The keys from the environment, by the names that all tools for such stores read.
 *
 * @throws CloudError if there are none
 */
export function keysOfEnvironment(environment: NodeJS.ProcessEnv): KeySource {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new CloudError(
      "files in a store need keys: --files-keys FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
    );
  }
  const keys = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
  return () => keys;
}

function readKeys(path: string): ObjectKeys {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new CloudError(`cannot read ${path}`);
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const [accessKeyId = "", secretAccessKey = "", sessionToken] = lines;
  if (lines.length < 2 || lines.length > 3 || !lines.every((line) => VISIBLE.test(line))) {
    throw new CloudError(`${path} does not hold keys: a line with the access key id, and one with the secret key`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function changedAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
