import type { OtaErrorCode } from "../../src/errors.js";

/** The compiler asks for a missing code, and refuses an unknown one. */
const EVERY_CODE: { readonly [Code in OtaErrorCode]: true } = {
  unreachable: true,
  "connection-lost": true,
  "idle-timeout": true,
  stalled: true,
  untrusted: true,
  "server-busy": true,
  "url-refused": true,
  "bad-request": true,
  "url-not-renewed": true,
  "not-found": true,
  "http-status": true,
  "http-malformed": true,
  "redirect-refused": true,
  "unexpected-answer": true,
  "content-changed": true,
  "image-too-large": true,
  "image-invalid": true,
  "digest-mismatch": true,
  "flash-failed": true,
  "store-failed": true,
  "switch-failed": true,
  "install-failed": true,
  declined: true,
  "deadline-exceeded": true,
  reverted: true,
  "mqtt-refused": true,
  "mqtt-protocol": true,
  "mqtt-timeout": true,
  "not-bound": true,
  "gateway-refused": true,
  usage: true,
  internal: true,
};

export const ERROR_CODES: readonly OtaErrorCode[] = Object.keys(EVERY_CODE) as OtaErrorCode[];
