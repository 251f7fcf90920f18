/** What Node's TLS throws: `code` and `reason` as OpenSSL has them. */
type NodeTlsError = Error & { readonly code?: string; readonly reason?: string };

/**
 * The error that the SDK's TLS throws in the same case, with what only OpenSSL knows in brackets. Node's own text has
 * an address of the library in front.
 */
export function asSdkError(error: NodeTlsError): Error {
  const { code = "", message, reason = message } = error;
  const alert = /SSL alert number ([0-9]+)/.exec(message)?.[1];
  if (alert !== undefined) return new Error(`alert: 2, ${alert} (${reason})`);
  // Those of OpenSSL's verification have no prefix: CERT_HAS_EXPIRED, DEPTH_ZERO_SELF_SIGNED_CERT.
  const isVerification = code === "ERR_TLS_CERT_ALTNAME_INVALID" || !/^(|E[A-Z]+|ERR_.*)$/.test(code);
  if (!isVerification) return new Error(reason);
  return new Error(`${code === "CERT_NOT_YET_VALID" ? "date validation failed" : "certificate: auth err"} (${code})`);
}
