/**
 * Slots of stack that XS must be given, field `creation.stack` of a manifest: 356 of the deepest call without TLS, 126 that
 * the SDK's TLS adds, 64 for an application's listener on top, rounded up to sixteens. Measured: docs/board.md, Stack.
 */
export const STACK_SLOTS = 560;
