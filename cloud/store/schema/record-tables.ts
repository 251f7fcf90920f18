import type { Generated } from "kysely";

/* What is noted in the course of time, who may use the cloud, and its settings. */

export interface EventTable {
  id: Generated<number>;
  at: number;
  deviceId: number | null;
  planId: number | null;
  taskId: number | null;
  kind: string;
  /** JSON. */
  detail: string;
}

/** What was counted at a time. It holds until the next one of its series: a sample is written if something changed. */
export interface SampleTable {
  kind: "versions" | "plan";
  /** `product.id` or `plan.id`, without a reference, as in an event. */
  ownerId: number;
  /** Whose versions; empty for a plan. */
  component: string;
  at: number;
  /** JSON: the devices by version and how many are online; or a plan's tasks by state. */
  data: string;
}

export interface AuditTable {
  id: Generated<number>;
  at: number;
  /** Who did it: the name of a token, or a command. */
  actor: string;
  /** From which address it came. */
  origin: string;
  action: string;
  subject: string;
  /** JSON. */
  detail: string;
}

export interface TokenTable {
  id: Generated<number>;
  name: string;
  role: "viewer" | "operator" | "admin";
  /** SHA-256 of the token in hexadecimal; the token itself is not stored. */
  sha256: string;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** A browser that is signed in. */
export interface BrowserSessionTable {
  /** SHA-256 of the session's id in hexadecimal; the id itself is not stored. */
  sha256: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  /** `null` for the sign-in link. */
  tokenId: number | null;
  createdAt: number;
  expiresAt: number;
}

export interface SettingTable {
  key: string;
  value: string;
}
