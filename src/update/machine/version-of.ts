import type { State } from "./types.js";

/** @returns the version that a state is about, if there is one */
export function versionOf(state: State): string | undefined {
  switch (state.name) {
    case "offered":
    case "downloading":
    case "waiting":
    case "verifying":
    case "ready":
      return state.offer.version;
    case "applying":
    case "reporting":
      return state.image.version;
    case "confirming":
      return state.checkpoint?.image.version;
    case "idle":
      return state.kept?.image.version;
  }
}
