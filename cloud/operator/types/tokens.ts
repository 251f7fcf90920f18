import type { Actor } from "./common.js";

export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface TokenView {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly lastUsedAt?: number;
  readonly revokedAt?: number;
}

export interface TokenOperations {
  tokens(): Promise<readonly TokenView[]>;
  /** @returns the token itself, which is shown this once */
  newToken(
    request: { readonly name: string; readonly role: Role; readonly expiresAt?: number },
    actor: Actor,
  ): Promise<TokenView & { readonly token: string }>;
  revokeToken(id: number, actor: Actor): Promise<void>;
  /** @returns whom a token belongs to; absent if it is none, is revoked or expired */
  tokenOf(token: string): Promise<TokenView | undefined>;
}
