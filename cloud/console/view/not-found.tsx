import { texts } from "../state/language.js";
import { Head } from "./head.js";

/** Stands where the address leads nowhere. */
export function NotFound() {
  const { shell } = texts.value;
  return <Head title={shell.notFound} facts={shell.notFoundHelp} />;
}
