/**
 * What the SDK's TLS adds to the deepest call without it, where no SDK is there to measure that, and what is kept for
 * an application's listener on top.
 */
export const TLS_SLOTS = 126;
export const LISTENER_SLOTS = 64;

/**
 * Slots of stack that XS must be given, field `creation.stack` of a manifest: 485 of the deepest call over TLS, those
 * of the listener, and 11 to spare. Measured: docs/stack.md.
 */
export const STACK_SLOTS = 560;
