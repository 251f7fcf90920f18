import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readAddress } from "../../cloud/api/address.js";
import { connectOperator } from "../../cloud/api/client.js";
import { ApiError } from "../../cloud/api/http-exchange.js";
import type { Actor, Operator } from "../../cloud/operator/types.js";
import { UsageError } from "../command-line.js";
import { readText } from "../files.js";
import { type DatabaseChoice, databaseOf } from "./database.js";
import { type FilesChoice, filesSettings } from "./files-choice.js";

/**
 * What the folder of a cloud holds: its database, the state of an earlier version, the address of a running one, or the
 * database that a server has taken over.
 */
export const STATE_FILES = ["cloud.db", "cloud.json", "serve.json", "cloud.db.imported"];

/** Which cloud a command speaks to. */
export interface CloudChoice extends DatabaseChoice, FilesChoice {
  readonly state: string;
  /** Address of a cloud on another machine. */
  readonly api?: string;
  readonly tokenFile?: string;
}

export interface OpenedOperator {
  readonly operator: Operator;
  /** Who the command is in the audit. */
  readonly actor: Actor;
}

/**
 * Opens the cloud that a command is for: the one at `--api`, the state in a database, the one that runs on the
 * folder, or the state in the folder itself if none runs there.
 *
 * @param command name of the command, for the audit
 * @param options.mayMake whether the folder may be made
 * @throws UsageError, ApiError
 */
export async function openOperator(
  { state, api, tokenFile, ...choice }: CloudChoice,
  command: string,
  { mayMake = false }: { readonly mayMake?: boolean } = {},
): Promise<OpenedOperator> {
  const actor = { name: command, origin: "local" };
  const talk = { command, onWait: warn, onLost: warn };
  if (api !== undefined) {
    if (databaseOf(choice) !== undefined) throw new UsageError("give either --api or --database");
    if (tokenFile === undefined) throw new UsageError("--api needs --token-file: a file with a token of that cloud");
    const token = readText(tokenFile).trim();
    if (!/^[!-~]{1,200}$/.test(token)) throw new UsageError(`${tokenFile} does not hold a token`);
    return { operator: await connectOperator({ ...talk, url: checkedUrl(api), token }), actor };
  }
  if (tokenFile !== undefined) throw new UsageError("--token-file is for --api");
  const database = databaseOf(choice);
  if (database !== undefined) {
    const { openLocal } = await import("./open-local.js");
    return { operator: await openLocal(state, { database, files: filesSettings(choice) }), actor };
  }
  if (!isFolder(state) && !mayMake) {
    throw new UsageError(`there is no folder ${state}: name the one of the cloud by --state`);
  }
  if (!mayMake && !STATE_FILES.some((name) => existsSync(join(state, name)))) {
    throw new UsageError(`${state} is no folder of a cloud: name the one of the cloud by --state`);
  }
  const address = readAddress(state);
  if (address !== undefined) {
    try {
      const url = `http://127.0.0.1:${address.port}`;
      return { operator: await connectOperator({ ...talk, url, token: address.token }), actor };
    } catch (error) {
      // A cloud that was killed leaves its address behind, and another program may have got the port since.
      const isGone = error instanceof ApiError && (error.absent || error.status === 401 || error.status === 404);
      if (!isGone) throw error;
    }
  }
  // The store and all that works on it are loaded only by a command that opens them.
  const { openLocal } = await import("./open-local.js");
  return { operator: await openLocal(state, { files: filesSettings(choice) }), actor };
}

/** Opens the cloud for one command, and lets go of it afterwards. */
export async function withOperator<Result>(
  choice: CloudChoice,
  command: string,
  body: (opened: OpenedOperator) => Promise<Result>,
  options?: { readonly mayMake?: boolean },
): Promise<Result> {
  const opened = await openOperator(choice, command, options);
  try {
    return await body(opened);
  } finally {
    await opened.operator.close?.();
  }
}

/** @returns the address without a slash at its end @throws UsageError, also if the token would be sent in the clear */
function checkedUrl(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new UsageError("--api is an address such as https://cloud.example:8081");
  }
  if (url.protocol === "http:" && !/^(127\.[0-9.]+|localhost|\[::1\])$/.test(url.hostname)) {
    throw new UsageError(`--api ${url.origin} would send the token in the clear: use https`);
  }
  return url.origin;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function warn(line: string): void {
  process.stderr.write(`ota-cloud: ${line}\n`);
}
