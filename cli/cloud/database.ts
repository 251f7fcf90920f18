import { UsageError } from "../command-line.js";
import { readText } from "../files.js";

/** In which database the state is. */
export interface DatabaseChoice {
  readonly database?: string;
  /** A file that holds the URL: the list of processes shows what stands on a command line. */
  readonly databaseFile?: string;
}

/** @returns the URL of the database; `undefined`: the state is in a folder. @throws UsageError */
export function databaseOf({ database, databaseFile }: DatabaseChoice): string | undefined {
  if (database !== undefined && databaseFile !== undefined) {
    throw new UsageError("give either --database or --database-file");
  }
  const url = databaseFile === undefined ? database : readText(databaseFile).trim();
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^postgres(ql)?:$/.test(parsed.protocol) && parsed.pathname.length > 1) return url;
  const option = databaseFile === undefined ? "--database" : databaseFile;
  throw new UsageError(`${option} is not postgres://USER:PASSWORD@HOST:PORT/NAME`);
}
