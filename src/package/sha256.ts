import type { Digest, Digests } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";

/** @throws OtaError `usage` if the board has none */
export function createSha256(digests: Digests): Digest {
  const digest = digests.create("SHA-256");
  if (digest === undefined) throw new OtaError("usage", "this board has no SHA-256, which packages need");
  return digest;
}
