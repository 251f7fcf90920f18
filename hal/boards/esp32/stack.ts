/** What the SDK's TLS adds to the deepest call without it, and what is kept for an application's listener on top. */
export const TLS_SLOTS = 126;
export const LISTENER_SLOTS = 64;

/**
 * Slots of stack that XS must be given, field `creation.stack` of a manifest: those two, 356 of the deepest call
 * without TLS and 14 to spare. Measured: docs/board.md, Stack.
 */
export const STACK_SLOTS = 560;
