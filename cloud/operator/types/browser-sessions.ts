import type { Role } from "./tokens.js";

/** Most sessions of browsers at a time; the oldest one ends. */
export const MOST_BROWSER_SESSIONS = 1000;

/** A browser that is signed in. */
export interface BrowserSession {
  /** SHA-256 of the session's id in hexadecimal. Only the browser has the id itself. */
  readonly sha256: string;
  readonly name: string;
  readonly role: Role;
  /** Id of the token behind it; absent for the sign-in link. */
  readonly tokenId?: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What nobody may sign in with any more: a session, by its hash, or a token with the sessions that it has begun. */
export type EndedSignIn = { readonly sha256: string } | { readonly tokenId: number };

/** Where sessions outlive a restart of the cloud. What the storage refuses is a `Refusal`. */
export interface BrowserSessionRecords {
  /** @throws Refusal also if its token is revoked */
  keep(session: BrowserSession): Promise<void>;
  /** @returns the session, also if it has expired; absent if it was ended, or the token behind it was revoked */
  find(sha256: string): Promise<BrowserSession | undefined>;
  end(sha256: string): Promise<void>;
  /** Reports what has ended, also by another process on the same database. @returns how to end that */
  follow?(listener: (ended: EndedSignIn) => void): () => void;
}
