import type { DeviceName } from "../../types.js";
import type { Actor, Page, Paged } from "./common.js";

export interface EventView {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly device?: DeviceName;
  readonly planId?: number;
  readonly taskId?: number;
  readonly detail: { readonly [key: string]: unknown };
}

export interface EventFilter {
  readonly productId?: string;
  readonly deviceName?: string;
  readonly planId?: number;
  readonly taskId?: number;
  readonly kind?: string;
}

export interface AuditView {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly origin: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: { readonly [key: string]: unknown };
}

export interface RecordOperations {
  events(filter: EventFilter, page: Page): Promise<Paged<EventView>>;
  /** @returns how many were removed */
  purgeEvents(request: { readonly beforeMs?: number; readonly planId?: number }, actor: Actor): Promise<number>;
  audit(page: Page): Promise<Paged<AuditView>>;
}
