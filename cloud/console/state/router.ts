import { computed, signal } from "@preact/signals";

/** Path and query of the page, as the address bar has them. */
const place = signal({ path: location.pathname, query: location.search });

export const path = computed(() => place.value.path);
export const query = computed(() => new URLSearchParams(place.value.query));

addEventListener("popstate", () => {
  if (mayLeave?.() === false) {
    history.pushState(null, "", `${place.value.path}${place.value.query}`);
    return;
  }
  place.value = { path: location.pathname, query: location.search };
});

let mayLeave: (() => boolean) | undefined;

/**
 * Asks before the page is left for another one of the console.
 *
 * @returns how to end that
 */
export function guardLeaving(ask: () => boolean): () => void {
  mayLeave = ask;
  return () => {
    if (mayLeave === ask) mayLeave = undefined;
  };
}

/** Goes to another page; the browser's back button returns. */
export function navigate(target: string): void {
  if (mayLeave?.() === false) return;
  history.pushState(null, "", target);
  place.value = { path: location.pathname, query: location.search };
  scrollTo(0, 0);
}

/** Changes the query of this page, without a step of the back button. An empty value is left out. */
export function setQuery(changes: { readonly [name: string]: string | undefined }): void {
  const next = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  history.replaceState(null, "", `${place.value.path}${text === "" ? "" : `?${text}`}`);
  place.value = { path: location.pathname, query: location.search };
}

/** @returns the parts of the path: `/plans/12` is `["plans", "12"]`; a part that is no valid text is left as it is */
export function partsOf(pathname: string): readonly string[] {
  return pathname
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
