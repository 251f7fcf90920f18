import type { ComponentChildren } from "preact";
import { texts } from "../state/language.js";

/** Stands where nothing is yet: what to do first, with the command for the terminal beside the button. */
export function Empty(props: {
  readonly text: string;
  readonly command?: string;
  readonly children?: ComponentChildren;
}) {
  const { text, command, children } = props;
  return (
    <div class="empty">
      <p>{text}</p>
      {children}
      {command === undefined ? null : (
        <p class="quiet">
          {texts.value.common.orTerminal} <code>{command}</code>
        </p>
      )}
    </div>
  );
}
