import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { texts } from "../state/language.js";
import { navigate } from "../state/router.js";
import type { Rows } from "../state/rows.js";
import { Problem } from "./problem.js";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** CSS width. */
  readonly width?: string;
  readonly numeric?: boolean;
  /** 1 is always shown, 2 not under 480 pixels, 3 not under 900. Default 1. */
  readonly rank?: 1 | 2 | 3;
}

export interface TableProps<Row> {
  /** What the table lists, for a screen reader. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: Rows<Row>;
  readonly keyOf: (row: Row) => number | string;
  /** Rows that there are altogether, if that is known. */
  readonly total?: number | undefined;
  /** Path of the page of a row. */
  readonly pathOf?: (row: Row) => string;
  /** Opens a row beside the table. It is in the place of `pathOf`. */
  readonly onOpen?: (row: Row) => void;
  /** Whether a row is the one that is open beside the table. */
  readonly isOpen?: (row: Row) => boolean;
  /** Ids of the rows that are selected. Absent: rows cannot be selected. */
  readonly selection?: Signal<ReadonlySet<number>>;
  readonly idOf?: (row: Row) => number;
  /** Stands in an empty table. */
  readonly empty?: ComponentChildren;
}

/** Pixels; the style sheet has the same. */
const ROW_HEIGHT = 32;
/** Least rows that are drawn above and below what is seen. */
const MARGIN = 20;
/** What is drawn changes by so many rows at a time. */
const STEP = 10;

interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * A table of any length: only what is seen is drawn. Arrow keys move the row, Enter opens it, Space selects it.
 */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, total, pathOf, onOpen, isOpen, selection, idOf, empty } = props;
  const open = onOpen ?? (pathOf === undefined ? undefined : (row: Row) => navigate(pathOf(row)));
  const table = useRef<HTMLTableElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const [range, setRange] = useState<Range>({ from: 0, to: 60 });
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const { length } = rows.rows;
  // Rows that were not loaded yet have their place, so that the bar of the browser says how long the list is.
  const count = rows.hasMore ? Math.max(total ?? 0, length) : length;
  useEffect(() => {
    // The list has become shorter, or is shorter than it was said to be.
    if (active >= count) setActive(Math.max(0, count - 1));
  }, [active, count]);
  useEffect(() => {
    const measure = (): void => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / ROW_HEIGHT));
      const seen = Math.ceil(innerHeight / ROW_HEIGHT);
      const drawn = Math.floor(first / STEP) * STEP;
      const next = { from: Math.max(0, drawn - MARGIN), to: drawn + STEP + seen + MARGIN };
      setRange((old) => (old.from === next.from && old.to === next.to ? old : next));
      rows.look(first, first + seen);
    };
    measure();
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, [length, rows.hasMore]);
  const hadFocus = table.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    const { activeElement } = document;
    const row = body.current?.querySelector<HTMLElement>(`tr[data-index="${active}"]`) ?? undefined;
    if (wantsFocus.current && row !== undefined) {
      wantsFocus.current = false;
      row.focus();
    } else if (hadFocus && (activeElement === document.body || activeElement === table.current)) {
      // The row that had the focus is drawn no more: the table keeps it until the row is there again.
      (row ?? table.current)?.focus({ preventScroll: true });
    }
  });

  const move = (index: number): void => {
    const next = Math.min(Math.max(0, index), count - 1);
    wantsFocus.current = true;
    setActive(next);
    if (next < range.from || next >= range.to) {
      const top = (body.current?.getBoundingClientRect().top ?? 0) + scrollY;
      scrollTo(0, top + next * ROW_HEIGHT - innerHeight / 2);
    }
  };
  const toggle = (row: Row): void => {
    if (selection === undefined || idOf === undefined) return;
    const next = new Set(selection.value);
    if (!next.delete(idOf(row))) next.add(idOf(row));
    selection.value = next;
  };
  const onKey = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLTableRowElement) && event.target !== table.current) return;
    const row = rows.rows[active];
    const page = Math.floor(innerHeight / ROW_HEIGHT) - 4;
    const steps: { readonly [key: string]: number } = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) move(target);
    else if (event.key === "Enter" && row !== undefined && open !== undefined) open(row);
    else if (event.key === " " && row !== undefined) toggle(row);
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent, row: Row, index: number): void => {
    setActive(index);
    if (open === undefined || !(event.target instanceof Element)) return;
    if (event.target.closest("a, button, input, label, summary") !== null) return;
    if (getSelection()?.isCollapsed === false) return;
    open(row);
  };

  const from = Math.min(range.from, Math.max(0, count - 1));
  const to = Math.min(range.to, count);
  const width = columns.length + (selection === undefined ? 0 : 1);
  const shown = rows.rows.slice(from, to);
  // Tab leads to the active row, or to the first that is drawn if that one is not.
  const reached = active >= from && active < from + shown.length ? active : from;
  const pending = Math.max(0, to - Math.max(from, length));
  return (
    <div class="table-frame">
      <table
        ref={table}
        class="table"
        tabIndex={-1}
        onKeyDown={onKey}
        aria-label={label}
        aria-rowcount={count + 1}
        aria-busy={rows.isLoading}
      >
        <thead>
          <tr aria-rowindex={1}>
            {selection === undefined || idOf === undefined ? null : (
              <th class="cell-check" scope="col">
                <input
                  type="checkbox"
                  aria-label={texts.value.common.all}
                  checked={length > 0 && rows.rows.every((row) => selection.value.has(idOf(row)))}
                  onChange={(event) => {
                    selection.value = event.currentTarget.checked ? new Set(rows.rows.map(idOf)) : new Set();
                  }}
                />
              </th>
            )}
            {columns.map(({ id, title, width: columnWidth, numeric, rank = 1 }) => (
              <th
                key={id}
                scope="col"
                class={`rank-${rank}${numeric === true ? " numeric" : ""}`}
                style={columnWidth === undefined ? undefined : { "--width": columnWidth }}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer rows={from} width={width} />
          {shown.map((row, offset) => {
            const index = from + offset;
            return (
              <tr
                key={keyOf(row)}
                data-index={index}
                aria-rowindex={index + 2}
                tabIndex={index === reached ? 0 : -1}
                class={open === undefined ? undefined : "row-open"}
                aria-current={isOpen?.(row) === true ? "true" : undefined}
                onFocus={() => setActive(index)}
                onClick={(event: MouseEvent) => onClick(event, row, index)}
              >
                {selection === undefined || idOf === undefined ? null : (
                  <td class="cell cell-check">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={texts.value.common.selected(1)}
                      checked={selection.value.has(idOf(row))}
                      onChange={() => toggle(row)}
                    />
                  </td>
                )}
                {columns.map(({ id, cell, numeric, rank = 1 }) => (
                  <td key={id} class={`cell rank-${rank}${numeric === true ? " numeric" : ""}`}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          <Spacer rows={pending + count - to} width={width} />
        </tbody>
      </table>
      <div role="status" class="table-foot">
        {rows.error === undefined ? null : <Problem error={rows.error} onRetry={rows.reload} />}
        {rows.isLoading || pending > 0 ? <p class="quiet">{texts.value.common.loadingMore}</p> : null}
        {length === 0 && !rows.isLoading && rows.error === undefined
          ? (empty ?? <p class="quiet">{texts.value.common.nothingFound}</p>)
          : null}
      </div>
    </div>
  );
}

/** Stands for rows that are not drawn. */
function Spacer({ rows, width }: { readonly rows: number; readonly width: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" style={{ height: `${rows * ROW_HEIGHT}px` }}>
      <td colSpan={width} />
    </tr>
  );
}

/** @returns rows of a list that is there as a whole */
export function wholeRows<Row>(items: readonly Row[] | undefined, error?: Rows<Row>["error"]): Rows<Row> {
  return {
    rows: items ?? [],
    isLoading: items === undefined && error === undefined,
    error,
    hasMore: false,
    look: () => {},
    reload: () => {},
  };
}
