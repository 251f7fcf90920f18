import { signal } from "@preact/signals";
import type { Change as CloudChange, EventView } from "../../operator/types.js";
import { address } from "./request.js";

/**
 * What the cloud reports while a page is open. `lost`: nothing arrives for now, which each further try in vain reports
 * again. `reconnected`: whatever is shown may be old, and is to be loaded anew.
 */
export type Change = CloudChange | { readonly kind: "lost" } | { readonly kind: "reconnected" };

export type Connection = "connecting" | "open" | "lost";

/** Whether changes arrive. The page shows it while it is `lost`. */
export const connection = signal<Connection>("connecting");

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

const listeners = new Set<(change: Change) => void>();
let source: EventSource | undefined;
let retryTimer: number | undefined;
let retryMs = FIRST_RETRY_MS;
let lastEventId: number | undefined;
/** Set after a break, until the stream is open again. */
let hasMissed = false;

/** @returns how to end it */
export function subscribe(listener: (change: Change) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens the stream, and opens it again whenever it ends. */
export function startLive(): void {
  if (source !== undefined) return;
  const opened = new EventSource(address("/events/stream", { after: lastEventId }));
  source = opened;
  opened.onopen = () => {
    connection.value = "open";
    retryMs = FIRST_RETRY_MS;
    if (hasMissed) tell({ kind: "reconnected" });
    hasMissed = false;
  };
  opened.onmessage = ({ data, lastEventId: id }) => {
    lastEventId = Number(id);
    tell({ kind: "event", event: JSON.parse(data) as EventView });
  };
  opened.addEventListener("plan", ({ data }) => {
    tell({ kind: "plan", ...(JSON.parse(data) as { planId: number; productId: string }) });
  });
  opened.addEventListener("package", ({ data }) => {
    tell({ kind: "package", ...(JSON.parse(data) as { packageId: number; productId: string }) });
  });
  opened.addEventListener("presence", () => tell({ kind: "presence" }));
  opened.addEventListener("health", () => tell({ kind: "health" }));
  opened.addEventListener("faults", () => tell({ kind: "faults" }));
  opened.onerror = () => {
    // The browser's own retry gives up at a status that is no success, as behind a proxy whose cloud is gone.
    opened.close();
    source = undefined;
    hasMissed = true;
    connection.value = "lost";
    retryTimer = setTimeout(startLive, retryMs) as unknown as number;
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    tell({ kind: "lost" });
  };
}

export function stopLive(): void {
  source?.close();
  source = undefined;
  clearTimeout(retryTimer);
  // The cloud that comes after the next sign-in may have another state, whose events are numbered anew.
  lastEventId = undefined;
  connection.value = "connecting";
  hasMissed = true;
}

function tell(change: Change): void {
  for (const listener of [...listeners]) listener(change);
}
