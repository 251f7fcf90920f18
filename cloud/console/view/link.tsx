import type { ComponentChildren } from "preact";
import { navigate } from "../state/router.js";

/** A link to another page of the console. A click with a modifier key is the browser's. */
export function Link(props: {
  readonly to: string;
  readonly class?: string;
  readonly current?: boolean;
  readonly title?: string;
  readonly children: ComponentChildren;
}) {
  const { to, current, title, children } = props;
  return (
    <a
      href={to}
      class={props.class}
      title={title}
      aria-current={current === true ? "page" : undefined}
      onClick={(event: MouseEvent) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
