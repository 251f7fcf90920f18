import { signal } from "@preact/signals";

const TICK_MS = 5000;

/** The time by which the page says how long ago something was, in milliseconds since 1970. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, TICK_MS);
