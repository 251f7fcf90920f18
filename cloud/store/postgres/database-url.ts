import { CloudError } from "../../types.js";

/** @throws CloudError if it is no URL of a PostgreSQL database; the message holds nothing of it */
export function checkDatabaseUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^postgres(ql)?:$/.test(parsed.protocol) && parsed.pathname.length > 1) return;
  throw new CloudError("a database is given as postgres://USER:PASSWORD@HOST:PORT/NAME");
}

/** @returns the URL without what is secret in it: its password, and what stands behind the name of the database */
export function withoutPassword(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}
