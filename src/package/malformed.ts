import { OtaError } from "../errors.js";

/** @throws OtaError `package-malformed` */
export function malformed(reason: string): never {
  throw new OtaError("package-malformed", reason);
}
