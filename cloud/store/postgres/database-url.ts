import { CloudError } from "../../types.js";

/** What may stand behind the question mark: where the server is, and TLS. All else would undo what the cloud sets. */
const PARAMETERS = ["host", "sslmode", "sslcert", "sslkey", "sslrootcert", "uselibpqcompat"];

/** @throws CloudError if it is no URL of a PostgreSQL database; the message holds no value of it */
export function checkDatabaseUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2) {
    throw new CloudError("a database is given as postgres://USER:PASSWORD@HOST:PORT/NAME");
  }
  const isOther = [...parsed.searchParams.keys()].some((name) => !PARAMETERS.includes(name));
  if (isOther) throw new CloudError(`the URL of a database takes only these parameters: ${PARAMETERS.join(", ")}`);
}

/** @returns the URL without what is secret in it: its password, and what stands behind the name of the database */
export function withoutPassword(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}
