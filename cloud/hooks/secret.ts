import { createHash, timingSafeEqual } from "node:crypto";

/** Shortest secret of the hooks, in characters. */
export const LEAST_SECRET_LENGTH = 16;

/** The secret that a broker shows with each call. */
export class HookSecret {
  readonly #hash: Buffer;

  constructor(secret: string) {
    this.#hash = hashOf(secret);
  }

  /** @param authorization the header: `Bearer SECRET`, or Basic with the secret as its password */
  isShownBy(authorization: string | undefined): boolean {
    const [, scheme = "", text = ""] = /^(Bearer|Basic) +(\S{1,512})$/i.exec(authorization ?? "") ?? [];
    const isBasic = scheme.toLowerCase() === "basic";
    const shown = isBasic
      ? Buffer.from(text, "base64")
          .toString("utf8")
          .replace(/^[^:]*:/, "")
      : text;
    return timingSafeEqual(hashOf(shown), this.#hash);
  }
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
