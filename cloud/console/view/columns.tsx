import { useState } from "preact/hooks";
import { texts } from "../state/language.js";
import { remember, remembered } from "../state/memory.js";
import type { Column } from "./table.js";

/**
 * Columns that the reader can hide; the browser remembers it.
 *
 * @param table names the table
 * @param hiddenAtFirst ids of columns that are hidden until the reader shows them
 */
export function useColumns<Row>(table: string, columns: readonly Column<Row>[], hiddenAtFirst: readonly string[] = []) {
  const key = `columns.${table}`;
  const [hidden, setHidden] = useState<readonly string[]>(() => remembered(key)?.split(",") ?? hiddenAtFirst);
  const change = (id: string, isShown: boolean): void => {
    const next = isShown ? hidden.filter((each) => each !== id) : [...hidden, id];
    setHidden(next);
    remember(key, next.join(","));
  };
  const menu = (
    <details class="menu">
      <summary class="button">{texts.value.common.columns}</summary>
      <div class="menu-content">
        {columns.slice(1).map(({ id, title }) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={!hidden.includes(id)}
              onChange={(event) => change(id, event.currentTarget.checked)}
            />{" "}
            {title}
          </label>
        ))}
      </div>
    </details>
  );
  return { shown: columns.filter(({ id }, index) => index === 0 || !hidden.includes(id)), menu };
}
