/** How an application's firmware knows whose images to take. Needs the part `seal`. */
export interface SealConfig {
  /**
   * Public keys: an image is taken if any of them has sealed it. Each is the PEM text of a `NAME.pub`, the same as DER
   * (91 bytes), or a point of P-256 (65 bytes with the 0x04 in front, or 64).
   */
  readonly trusted: readonly (string | Uint8Array)[];
  /** An image without a seal is refused. Default true. */
  readonly required?: boolean | undefined;
  /** The product that a seal has to name. Default: that of `identity`. 1 to 32 visible characters of ASCII. */
  readonly product?: string | undefined;
}
