import type { RequestTransactions } from "./request-transactions.js";
import { type BrowserSession, MOST_BROWSER_SESSIONS, type BrowserSessionRecords } from "./types.js";

/** The sessions of browsers in the store. One that a token has begun ends with it. */
export function storedBrowserSessions(transactions: RequestTransactions): BrowserSessionRecords {
  return {
    async keep({ tokenId, ...session }: BrowserSession): Promise<void> {
      await transactions.run(async ({ tables, nowMs }) => {
        await tables.browserSessions.trim(nowMs, MOST_BROWSER_SESSIONS - 1);
        await tables.browserSessions.insert({ ...session, tokenId: tokenId ?? null, createdAt: nowMs });
      });
    },

    async find(sha256: string): Promise<BrowserSession | undefined> {
      const row = await transactions.tables.browserSessions.findByHash(sha256);
      if (row === undefined) return undefined;
      const { name, role, tokenId, expiresAt } = row;
      return { sha256, name, role, expiresAt, ...(tokenId === null ? {} : { tokenId }) };
    },

    async end(sha256: string): Promise<void> {
      await transactions.run(({ tables }) => tables.browserSessions.remove(sha256));
    },
  };
}
