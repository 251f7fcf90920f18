import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Paged } from "../../operator/types.js";
import { type Change, subscribe } from "../api/live.js";
import type { ApiError } from "../api/request.js";
import { begin, type ListState, Segments } from "./segments.js";

export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  /** Whether the cloud has more rows than were loaded. */
  readonly hasMore: boolean;
  /** Which rows are seen: those are kept current, and what follows them is loaded. */
  look(from: number, to: number): void;
  reload(): void;
}

export interface RowsOptions<Row> {
  /** Loads a segment of a list in the order of its ids. */
  load(after: number | undefined, signal: AbortSignal): Promise<Paged<Row>>;
  /** The list begins anew when one of these changes. */
  readonly inputs: readonly unknown[];
  concerns?(change: Change): boolean;
}

/** A long list by segments: what is seen is kept current, and more is loaded when its end comes near. */
export function useRows<Row>(options: RowsOptions<Row>): Rows<Row> {
  const [state, setState] = useState<ListState<Row>>(begin());
  const latest = useRef(options);
  latest.current = options;
  const list = useRef<Segments<Row> | undefined>(undefined);
  useEffect(() => {
    const opened = new Segments<Row>({
      load: (after, signal) => latest.current.load(after, signal),
      onChange: setState,
    });
    list.current = opened;
    setState((shown) => ({ ...shown, isLoading: true }));
    opened.begin();
    const unsubscribe = subscribe((change) => {
      if (change.kind === "reconnected" || latest.current.concerns?.(change) === true) opened.refresh();
    });
    return () => {
      unsubscribe();
      opened.close();
    };
  }, options.inputs);
  // A table is drawn at each step of scrolling, and its rows change seldom.
  const rows = useMemo(() => state.segments.flatMap(({ items }) => items), [state.segments]);
  return {
    rows,
    isLoading: state.isLoading,
    error: state.error,
    hasMore: state.segments.at(-1)?.next !== undefined,
    look: (from, to) => list.current?.look(from, to),
    reload: () => list.current?.refresh(),
  };
}
