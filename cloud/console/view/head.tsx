import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { texts } from "../state/language.js";

/** The head of a page: its title, one line of facts, and at most one primary action on the right. */
export function Head(props: {
  readonly title: string;
  readonly facts?: ComponentChildren;
  /** Where the page belongs: a link above the title. */
  readonly above?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  const { title, facts, above, children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${texts.value.shell.title}`;
  }, [title, texts.value]);
  // A screen reader hears of the new page, and the keyboard goes on from its beginning.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <header class="head">
      <div>
        {above === undefined ? null : <p class="head-above">{above}</p>}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {facts === undefined ? null : <p class="head-facts">{facts}</p>}
      </div>
      <div class="head-actions">{children}</div>
    </header>
  );
}
