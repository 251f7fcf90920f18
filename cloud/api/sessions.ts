import { createHash, randomBytes } from "node:crypto";
import type { Role } from "../operator/types.js";

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
}

/** A session ends after 12 hours, and a sign-in code after one. */
const SESSION_MS = 12 * 3_600_000;
const CODE_MS = 3_600_000;
/** Most sessions at a time; the oldest one ends. */
const SESSION_LIMIT = 1000;

/**
 * The sessions of browsers, in memory. Only hashes of their ids are kept. A hash is looked up, so that the time of it
 * says nothing about the id.
 */
export class Sessions {
  readonly now: () => number;
  readonly #sessions = new Map<string, Principal & { readonly expiresAt: number }>();
  #code: { readonly hash: string; readonly expiresAt: number } | undefined;

  constructor({ now }: SessionsOptions) {
    this.now = now;
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

  /** @returns the id of a new session, which goes into the cookie, and whose it is */
  begin(of: Omit<Principal, "proof">): { readonly id: string; readonly principal: Principal } {
    this.#forget();
    const id = randomBytes(32).toString("base64url");
    const expiresAt = Math.min(of.expiresAt ?? Number.MAX_SAFE_INTEGER, this.now() + SESSION_MS);
    const principal = { ...of, proof: "session", expiresAt } as const;
    this.#sessions.set(hashOf(id), principal);
    return { id, principal };
  }

  find(id: string): Principal | undefined {
    const session = this.#sessions.get(hashOf(id));
    return session === undefined || session.expiresAt <= this.now() ? undefined : session;
  }

  end(id: string): void {
    this.#sessions.delete(hashOf(id));
  }

  /** Ends the sessions that a token has begun. */
  endOfToken(tokenId: number): void {
    for (const [hash, session] of this.#sessions) if (session.tokenId === tokenId) this.#sessions.delete(hash);
  }

  #forget(): void {
    for (const [hash, { expiresAt }] of this.#sessions) {
      if (expiresAt <= this.now() || this.#sessions.size >= SESSION_LIMIT) this.#sessions.delete(hash);
    }
  }
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}
