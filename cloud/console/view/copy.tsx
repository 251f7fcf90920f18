import { texts } from "../state/language.js";
import { showNotice } from "../state/notices.js";
import { Button } from "./button.js";

export function CopyButton({ text }: { readonly text: string }) {
  return (
    <Button
      onPress={async () => {
        await navigator.clipboard.writeText(text);
        showNotice(texts.value.common.copied);
      }}
    >
      {texts.value.common.copy}
    </Button>
  );
}

/** Hands a text to the browser as a file to keep. */
export function saveFile(name: string, content: BlobPart, type = "application/json"): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
