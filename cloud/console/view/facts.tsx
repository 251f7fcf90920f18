import type { ComponentChildren } from "preact";
import { now } from "../state/clock.js";
import { locale, texts } from "../state/language.js";
import { byteSize } from "../text/numbers.js";
import { exactTime, relativeTime } from "../text/time.js";

/** A time as how long ago it was, with the exact one on hover. */
export function Time({ at, timeZone }: { readonly at: number | undefined; readonly timeZone?: string | undefined }) {
  if (at === undefined) return <span class="quiet">{texts.value.common.never}</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at, locale.value, timeZone)}>
      {relativeTime(at, now.value, locale.value)}
    </time>
  );
}

export function Bytes({ count }: { readonly count: number }) {
  return <span title={`${count} B`}>{byteSize(count, locale.value)}</span>;
}

/** Most characters of an identifier; a longer one is shortened in the middle. */
const ID_LENGTH = 24;

/** An identifier in monospace, shortened in the middle, whole on hover. */
export function Id({ text, length = ID_LENGTH }: { readonly text: string; readonly length?: number }) {
  const half = Math.floor((length - 1) / 2);
  const shown = text.length <= length ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
  return (
    <span class="id" title={text}>
      {shown}
    </span>
  );
}

/** Pairs of a name and what it is. */
export function Facts({ items }: { readonly items: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
