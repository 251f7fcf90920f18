import { signal } from "@preact/signals";
import type { ApiError } from "../api/request.js";

/** What the page reports at its edge for a while. */
export interface Notice {
  readonly id: number;
  readonly text?: string;
  readonly error?: ApiError;
}

export const notices = signal<readonly Notice[]>([]);

const SHOWN_MS = 6000;
const MOST = 4;
let count = 0;

/** Shows that something was done; it goes by itself. */
export function showNotice(text: string): void {
  const id = show({ text });
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Shows what went wrong; it stays until it is dismissed. */
export function showError(error: ApiError): void {
  if (error.status !== 401) show({ error });
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

function show(notice: Omit<Notice, "id">): number {
  count += 1;
  notices.value = [...notices.value.slice(1 - MOST), { ...notice, id: count }];
  return count;
}
