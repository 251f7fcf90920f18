/** Slots that the SDK's TLS adds to the deepest call without TLS, and slots reserved for an application's listener. */
export const TLS_SLOTS = 126;
export const LISTENER_SLOTS = 64;

/**
 * Slots of stack that XS must have (field `creation.stack` of a manifest): the two numbers above, 356 for the deepest
 * call without TLS, and 14 as a reserve. docs/board.md, section Stack, has the measurement.
 */
export const STACK_SLOTS = 560;
