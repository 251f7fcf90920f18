import { computed, signal } from "@preact/signals";
import type { Role } from "../../operator/types.js";
import { startLive, stopLive, subscribe } from "../api/live.js";
import { ApiError, request } from "../api/request.js";

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: number;
}

/** Who is signed in: `null` if nobody is, and undefined as long as that is not known. */
export const session = signal<Session | null | undefined>(undefined);
/** Whether the session has ended while the page was in use: what is shown stays, and a sign-in goes on with it. */
export const hasExpired = signal(false);
export const mayOperate = computed(() => session.value?.role === "operator" || session.value?.role === "admin");
export const mayAdminister = computed(() => session.value?.role === "admin");

/** Asks the cloud who is signed in. @throws ApiError if it cannot be reached */
export async function loadSession(): Promise<void> {
  const found = await request<Session | undefined>("GET", "/session");
  if (found === undefined) ended();
  else began(found);
}

/** @throws ApiError if the code or the token is not valid */
export async function signIn(proof: { readonly code: string } | { readonly token: string }): Promise<void> {
  began(await request<Session>("POST", "/session", { body: proof }));
}

/** @throws ApiError if the cloud could not end the session */
export async function signOut(): Promise<void> {
  await request("DELETE", "/session").catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  });
  ended();
  hasExpired.value = false;
}

/** Called with each error of a request: one that says that nobody is signed in leads to the sign-in. */
export function noticeError(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) ended();
}

// A stream ends with its session, and a browser does not report the status that refuses it a new one.
subscribe(({ kind }) => {
  if (kind === "lost") void endIfOver();
});

async function endIfOver(): Promise<void> {
  try {
    if ((await request<Session | undefined>("GET", "/session")) === undefined) ended();
  } catch {
    // The stream is tried again, and this with it.
  }
}

function began(found: Session): void {
  session.value = found;
  hasExpired.value = false;
  startLive();
}

function ended(): void {
  if (session.value !== null && session.value !== undefined) hasExpired.value = true;
  session.value = null;
  stopLive();
}
