import { useEffect, useRef, useState } from "preact/hooks";
import { locale, texts } from "../state/language.js";
import { wholeNumber } from "../text/numbers.js";
import { clockTime, exactTime } from "../text/time.js";
import { countTicks, indexBefore, stepPath, timeTicks } from "./chart-scale.js";

export interface Series {
  readonly name: string;
  /** Name of a colour of the style sheet: `--succeeded`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** What it shows, for a screen reader. */
  readonly label: string;
  /** Milliseconds since 1970, rising. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Pixels. */
  readonly height?: number;
}

/** Pixels around the lines. */
const LEFT = 48;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 24;
const PIXELS_A_TIME = 90;
const COUNT_STEPS = 4;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SHORT_MS = 120_000;

/** Lines over time, in steps. The pointer and the arrow keys move a cursor, whose values stand in the legend. */
export function Chart({ label, times, series, height = 200 }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  const [cursor, setCursor] = useState<number>();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(200, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const last = times.length - 1;
  const [from = 0, to = from + 1] = [times[0], times[last]];
  const ticks = countTicks(
    Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))),
    COUNT_STEPS,
  );
  const top = ticks.at(-1) ?? 1;
  const xOf = (at: number): number => LEFT + ((at - from) * (width - LEFT - RIGHT)) / Math.max(1, to - from);
  const yOf = (value: number): number => height - BOTTOM - (value * (height - TOP - BOTTOM)) / top;
  const xs = times.map(xOf);
  const moments = timeTicks(from, to, Math.max(2, Math.floor(width / PIXELS_A_TIME)), offsetMs(from));
  const at = cursor === undefined ? last : Math.min(cursor, last);
  const onKey = (event: KeyboardEvent): void => {
    const steps: { readonly [key: string]: number } = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const next = steps[event.key];
    if (event.key === "Escape") setCursor(undefined);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(Math.min(Math.max(0, next), last));
  };
  const onPointer = (event: PointerEvent): void => {
    const left = frame.current?.getBoundingClientRect().left ?? 0;
    setCursor(indexBefore(xs, event.clientX - left));
  };
  const time = times[at] === undefined ? texts.value.common.none : exactTime(times[at], locale.value);
  const valueText = [time, ...series.map(({ name, values }) => `${name} ${values[at] ?? 0}`)].join(", ");
  return (
    <figure class="chart">
      <div
        ref={frame}
        role="slider"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at}
        aria-valuetext={valueText}
        tabIndex={0}
        onKeyDown={onKey}
        onPointerMove={onPointer}
        onPointerLeave={() => setCursor(undefined)}
      >
        <svg width={width} height={height} aria-hidden="true" focusable="false">
          {ticks.map((value) => (
            <g key={value}>
              <line class="chart-grid" x1={LEFT} x2={width - RIGHT} y1={yOf(value)} y2={yOf(value)} />
              <text class="chart-text" x={LEFT - 6} y={yOf(value) + 4} text-anchor="end">
                {wholeNumber(value, locale.value)}
              </text>
            </g>
          ))}
          {moments.map((moment) => (
            <text key={moment} class="chart-text" x={xOf(moment)} y={height - 6} text-anchor="middle">
              {axisTime(moment, to - from)}
            </text>
          ))}
          {series.map(({ name, color, values }) => (
            <path
              key={name}
              class="chart-line"
              style={{ stroke: `var(${color})` }}
              d={stepPath(
                xs,
                values.map((value) => (value === null ? null : yOf(value))),
              )}
            />
          ))}
          {cursor === undefined ? null : (
            <line class="chart-cursor" x1={xs[at]} x2={xs[at]} y1={TOP} y2={height - BOTTOM} />
          )}
        </svg>
      </div>
      <figcaption class="chart-legend">
        <span class="quiet">
          {times[at] === undefined ? texts.value.common.none : exactTime(times[at], locale.value)}
        </span>
        {series.map(({ name, color, values }) => (
          <span key={name}>
            <span class="chart-key" style={{ background: `var(${color})` }} /> {name}{" "}
            <span class="figure">{wholeNumber(values[at] ?? 0, locale.value)}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Milliseconds that the reader's clock is before UTC. */
function offsetMs(at: number): number {
  return -new Date(at).getTimezoneOffset() * MINUTE_MS;
}

function axisTime(atMs: number, spanMs: number): string {
  if (spanMs < SHORT_MS) return clockTime(atMs, locale.value);
  const fields: Intl.DateTimeFormatOptions =
    spanMs > 2 * DAY_MS
      ? { month: "numeric", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(locale.value, fields).format(atMs);
}
