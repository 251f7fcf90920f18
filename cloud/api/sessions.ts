import { createHash, randomBytes } from "node:crypto";
import {
  type BrowserSessionRecords,
  type EndedSignIn,
  MOST_BROWSER_SESSIONS,
  Refusal,
  type Role,
} from "../operator/types.js";

/** Who makes a request, and how that was proven. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  /** `local`: by the token in serve.json, which only a process of this machine can read. */
  readonly proof: "local" | "token" | "session";
  /** Id of the token behind it. */
  readonly tokenId?: number;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

export interface SessionsOptions {
  /** Milliseconds since 1970. */
  now(): number;
  /** Where they outlive a restart. Absent: they are in memory alone. */
  readonly records?: BrowserSessionRecords | undefined;
}

type Session = Principal & { readonly expiresAt: number };

/** A session ends after 12 hours, and a sign-in code after one. */
const SESSION_MS = 12 * 3_600_000;
const CODE_MS = 3_600_000;

/**
 * The sessions of browsers, in memory and in the records. Only hashes of their ids are kept. A hash is looked up, so
 * that the time of it says nothing about the id.
 */
export class Sessions {
  readonly now: () => number;
  readonly #sessions = new Map<string, Session>();
  readonly #records: BrowserSessionRecords | undefined;
  #code: { readonly hash: string; readonly expiresAt: number } | undefined;

  constructor({ now, records }: SessionsOptions) {
    this.now = now;
    this.#records = records;
  }

  /** Makes a code that signs in once, as an admin. An earlier code is no longer valid. */
  newCode(): string {
    const code = randomBytes(24).toString("base64url");
    this.#code = { hash: hashOf(code), expiresAt: this.now() + CODE_MS };
    return code;
  }

  /** @returns whether the code is valid; from now on it is not */
  useCode(code: string): boolean {
    const { hash, expiresAt } = this.#code ?? { hash: "", expiresAt: 0 };
    if (hash !== hashOf(code) || expiresAt <= this.now()) return false;
    this.#code = undefined;
    return true;
  }

  /**
   * @returns the id of a new session, which goes into the cookie, and whose it is
   * @throws Refusal if its token was revoked meanwhile
   */
  async begin(of: Omit<Principal, "proof">): Promise<{ readonly id: string; readonly principal: Principal }> {
    this.#forget();
    const id = randomBytes(32).toString("base64url");
    const expiresAt = Math.min(of.expiresAt ?? Number.MAX_SAFE_INTEGER, this.now() + SESSION_MS);
    const sha256 = hashOf(id);
    const principal = { ...of, proof: "session", expiresAt } as const;
    this.#sessions.set(sha256, principal);
    const { name, role, tokenId } = of;
    try {
      await this.#records?.keep({ sha256, name, role, expiresAt, ...(tokenId === undefined ? {} : { tokenId }) });
    } catch (error) {
      // Somebody may sign in while the state cannot be stored, and is signed out by a restart.
      if (error instanceof Refusal && error.code === "storage") return { id, principal };
      this.#sessions.delete(sha256);
      throw error;
    }
    return { id, principal };
  }

  async find(id: string): Promise<Principal | undefined> {
    const sha256 = hashOf(id);
    const known = this.#sessions.get(sha256) ?? (await this.#recall(sha256));
    return known === undefined || known.expiresAt <= this.now() ? undefined : known;
  }

  /** @throws Refusal if that cannot be stored: a restart would have the session back */
  async end(id: string): Promise<void> {
    const sha256 = hashOf(id);
    await this.#records?.end(sha256);
    this.#sessions.delete(sha256);
  }

  /** Takes note of what has ended in the records. */
  onEnded(ended: EndedSignIn): void {
    if ("tokenId" in ended) this.endOfToken(ended.tokenId);
    else this.#sessions.delete(ended.sha256);
  }

  /** Ends the sessions that a token has begun. Those that are stored have ended with the token. */
  endOfToken(tokenId: number): void {
    for (const [hash, session] of this.#sessions) if (session.tokenId === tokenId) this.#sessions.delete(hash);
  }

  /** Finds a session that an earlier run of the cloud has begun. */
  async #recall(sha256: string): Promise<Session | undefined> {
    const stored = await this.#records?.find(sha256);
    if (stored === undefined || stored.expiresAt <= this.now()) return undefined;
    const { name, role, tokenId, expiresAt } = stored;
    return { name, role, proof: "session", expiresAt, ...(tokenId === undefined ? {} : { tokenId }) };
  }

  #forget(): void {
    for (const [hash, { expiresAt }] of this.#sessions) {
      if (expiresAt <= this.now() || this.#sessions.size >= MOST_BROWSER_SESSIONS) this.#sessions.delete(hash);
    }
  }
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
