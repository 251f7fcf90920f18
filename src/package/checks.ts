import { OtaError } from "../errors.js";
import type { FixedHeader } from "./header.js";

/** What a package has to make. */
export interface Expectation {
  /** As offered. */
  readonly version: string;
  /** `undefined`: any. */
  readonly chipId: number | undefined;
  /** Bytes that an earlier answer's package makes; `undefined`: there was none. */
  readonly resultLength: number | undefined;
}

/** @throws OtaError `content-changed`, `image-invalid` */
export function checkHeader(header: FixedHeader, { version, chipId, resultLength }: Expectation): void {
  if (resultLength !== undefined && header.resultLength !== resultLength) throw changed("another package");
  if (chipId !== undefined && header.chipId !== chipId) {
    throw new OtaError("image-invalid", `package for chip ${header.chipId}, this is ${chipId}`);
  }
  if (header.resultVersion !== version) {
    throw new OtaError("image-invalid", `package that makes version ${header.resultVersion}`);
  }
}

/** The server has another file by now. */
export function changed(what: string): OtaError {
  return new OtaError("content-changed", what);
}
