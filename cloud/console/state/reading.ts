import { ApiError } from "../api/request.js";
import { showError } from "./notices.js";

/** Shows that a file could not be read: it is a folder, or was changed since it was chosen. */
export async function reading(running: Promise<void>): Promise<void> {
  try {
    await running;
  } catch {
    showError(new ApiError({ status: 0, code: "unreadable", detail: "" }));
  }
}
