import type { Event, State } from "./types.js";

/** How far a download is. */
export interface DownloadProgress {
  readonly version: string;
  /** In flash. */
  readonly bytes: number;
  /** Of the image, in bytes. */
  readonly size: number;
}

/** @returns what a step says to whoever shows progress; `undefined` if the step is not about that */
export function progressOf(state: State, event: Event | undefined): DownloadProgress | undefined {
  if (state.name !== "downloading" || (event?.type !== "download-started" && event?.type !== "block-written")) {
    return undefined;
  }
  const { version, size } = state.offer;
  return { version, bytes: event.offset, size };
}
