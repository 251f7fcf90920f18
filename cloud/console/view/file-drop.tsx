import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { reading } from "../state/reading.js";

/** A place that files are dropped on. What is inside of it takes them by the keyboard. */
export function FileDrop(props: { onFiles(files: FileList): Promise<void>; readonly children: ComponentChildren }) {
  const { onFiles, children } = props;
  const [isOver, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what is inside of it does the same by the keyboard
    <div
      class={isOver ? "drop drop-over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer !== null) void reading(onFiles(event.dataTransfer.files));
      }}
    >
      {children}
    </div>
  );
}
