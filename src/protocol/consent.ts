import { encodeUtf8 } from "../lib/utf8.js";
import { isFields, type Wanted } from "./json.js";

/** What the person who is asked may read, in the device's language. */
export interface OfferText {
  readonly title?: string;
  readonly body?: string;
}

/** What an operator's plan adds to an offer. The platform's own offers have none of it. */
export interface OfferConsent {
  /** Nothing is installed before a person has agreed. */
  readonly consent?: true;
  readonly text?: OfferText;
}

/** The fields, for `readMessage`. */
export const CONSENT: Wanted = Object.freeze({ consent: true, text: Object.freeze({ title: true, body: true }) });

/** Bytes of UTF-8 that a title or a body may have. */
const TEXT_BYTES = 512;

/**
 * A text that is none, or is too long, is left out. A `consent` that is neither `true` nor `false` counts as `true`:
 * somebody is asked too often rather than never.
 *
 * @returns what an offer wants of the person; and what was wrong with that, for a log
 */
export function decodeConsent(fields: { readonly [name: string]: unknown }): {
  readonly found: OfferConsent;
  readonly wrong: string | undefined;
} {
  const { consent, text } = fields;
  const wrong: string[] = [];
  const found: { -readonly [Key in keyof OfferConsent]: OfferConsent[Key] } = {};
  if (consent !== undefined && consent !== false) found.consent = true;
  if (found.consent && consent !== true) wrong.push("consent is neither true nor false");
  if (isFields(text)) {
    const kept: { -readonly [Key in keyof OfferText]: OfferText[Key] } = {};
    for (const name of ["title", "body"] as const) {
      const value = text[name];
      if (typeof value === "string" && encodeUtf8(value).byteLength <= TEXT_BYTES) kept[name] = value;
      else if (value !== undefined) wrong.push(`text.${name} is no text of at most ${TEXT_BYTES} bytes`);
    }
    if (Object.keys(kept).length > 0) found.text = kept;
  } else if (text !== undefined) {
    wrong.push("text is no object");
  }
  return { found, wrong: wrong.length === 0 ? undefined : wrong.join(", ") };
}
