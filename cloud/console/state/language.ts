import { batch, computed, signal } from "@preact/signals";
import type { Texts } from "../text/en/index.js";
import { type Catalog, revive } from "./catalog.js";
import { remember, remembered } from "./memory.js";

export type Language = "en" | "zh";

export const language = signal<Language>(firstLanguage());

const loaded = signal<Texts | undefined>(undefined);

/** The texts of the page in its language. The page is drawn once they are there. */
export const texts = computed<Texts>(() => {
  if (loaded.value === undefined) throw new Error("the texts are not loaded yet");
  return loaded.value;
});

/** The language as HTML and Intl name it. */
export const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en"));

/** Loads the texts of a language, and shows the page in it. @throws Error if the cloud does not answer */
export async function loadLanguage(chosen: Language): Promise<void> {
  const response = await fetch(`/text-${chosen}.json`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const found = revive((await response.json()) as Catalog) as Texts;
  batch(() => {
    language.value = chosen;
    loaded.value = found;
  });
}

/** Changes the language, and remembers it. */
export async function setLanguage(chosen: Language): Promise<void> {
  await loadLanguage(chosen);
  remember("language", chosen);
}

function firstLanguage(): Language {
  const known = remembered("language");
  if (known === "en" || known === "zh") return known;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}
