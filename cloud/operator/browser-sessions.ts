import type { OperatorContext } from "./context.js";
import {
  type BrowserSession,
  type BrowserSessionRecords,
  type EndedSignIn,
  MOST_BROWSER_SESSIONS,
  Refusal,
} from "./types.js";

export interface StoredBrowserSessions extends BrowserSessionRecords {
  /** A token or a session has ended, in whichever process. */
  onEnded(ended: EndedSignIn): void;
}

/** The sessions of browsers in the store. One that a token has begun ends with it. */
export function storedBrowserSessions({
  transactions,
  signals,
}: Pick<OperatorContext, "transactions" | "signals">): StoredBrowserSessions {
  const listeners = new Set<(ended: EndedSignIn) => void>();
  return {
    async keep({ tokenId, ...session }: BrowserSession): Promise<void> {
      await transactions.run(async ({ tables, nowMs }) => {
        // By the transaction that revokes a token, only the sessions end that are stored by then.
        if (tokenId !== undefined && (await tables.tokens.isRevoked(tokenId))) {
          throw new Refusal("conflict", "the token was revoked at this moment: an admin makes another");
        }
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
      await transactions.run(async (work) => {
        await work.tables.browserSessions.remove(sha256);
        await signals.tell(work, { do: "sign-in-ended", sha256 });
      });
    },

    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    onEnded(ended) {
      for (const listener of listeners) listener(ended);
    },
  };
}
