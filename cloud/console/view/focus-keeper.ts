const REACHABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), tr[tabindex='0']";

/**
 * Keeps the keyboard in its place: if the element with the focus goes, as a button does that has done its work, what
 * stands in its place gets the focus; otherwise the heading of the page.
 *
 * @returns how to end it
 */
export function keepFocus(root: HTMLElement): () => void {
  let ancestors: readonly Element[] = [];
  const onFocus = ({ target }: FocusEvent): void => {
    ancestors = target instanceof Element ? ancestorsOf(target, root) : [];
  };
  const onChange = (): void => {
    const [last] = ancestors;
    if (last === undefined || last.isConnected || document.activeElement !== document.body) return;
    const place = ancestors.find((element) => element.isConnected);
    const next = place?.querySelector<HTMLElement>(REACHABLE) ?? root.querySelector<HTMLElement>("h1");
    next?.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(onChange);
  root.addEventListener("focusin", onFocus);
  observer.observe(root, { childList: true, subtree: true });
  return () => {
    root.removeEventListener("focusin", onFocus);
    observer.disconnect();
  };
}

/** @returns the element and what it stands in, the innermost first, without the root */
function ancestorsOf(element: Element, root: Element): Element[] {
  const found: Element[] = [];
  for (let each: Element | null = element; each !== null && each !== root; each = each.parentElement) found.push(each);
  return found;
}
