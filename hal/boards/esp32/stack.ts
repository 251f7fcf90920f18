/**
 * Slots that the SDK's TLS adds to the deepest call without TLS, for a report made without an SDK to measure them, and
 * slots reserved for an application's listener.
 */
export const TLS_SLOTS = 126;
export const LISTENER_SLOTS = 64;

/**
 * Slots of stack that XS must have (field `creation.stack` of a manifest): 319 for the deepest call without TLS, those
 * of TLS and of the listener, and 51 as a reserve. docs/stack.md has the measurement.
 */
export const STACK_SLOTS = 560;
