import { lengthOf } from "./moves.js";
import type { Event, State } from "./types.js";

/** How far a download is. */
export interface DownloadProgress {
  readonly version: string;
  /** Bytes in flash. */
  readonly bytes: number;
  /** Bytes in the image, also if it is a package that is being downloaded. */
  readonly size: number;
}

/** @returns the progress that a step has made; `undefined` if it is not a step of a download */
export function progressOf(state: State, event: Event | undefined): DownloadProgress | undefined {
  if (state.name !== "downloading" || (event?.type !== "download-started" && event?.type !== "block-written")) {
    return undefined;
  }
  return { version: state.offer.version, bytes: event.offset, size: lengthOf(state) };
}
