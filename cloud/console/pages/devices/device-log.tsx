import { useEffect, useRef } from "preact/hooks";
import type { EventView } from "../../../operator/types.js";
import { events } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { type Rows, useRows } from "../../state/rows.js";
import { Problem } from "../../view/problem.js";
import { TaskLog } from "../log/task-log.js";

interface Named {
  readonly productId: string;
  readonly deviceName: string;
}

/** Events of one request. */
const PART = 100;

/** The events of a device as they come, the newest first. */
export function DeviceLog({ device: { productId, deviceName } }: { readonly device: Named }) {
  const { devices: words, common } = texts.value;
  const rows = useRows<EventView>({
    load: (after, signal) =>
      events.list({ product: productId, device: deviceName, order: "newest", limit: PART, after }, signal),
    inputs: [productId, deviceName],
    concerns: (change) =>
      change.kind === "event" &&
      change.event.device?.productId === productId &&
      change.event.device.deviceName === deviceName,
  });
  const { rows: shown, error, isLoading, hasMore } = rows;
  return (
    <>
      {error === undefined ? null : <Problem error={error} onRetry={rows.reload} />}
      {shown.length === 0 && !isLoading && error === undefined ? <p class="quiet">{words.noEvents}</p> : null}
      {shown.length === 0 ? null : <TaskLog label={words.tabs.log} events={shown} namesPlans />}
      {isLoading || hasMore ? (
        <p class="quiet" role="status">
          {common.loadingMore}
        </p>
      ) : null}
      <End rows={rows} />
    </>
  );
}

/** The end of the list: when it is seen, the next part is loaded. */
function End({ rows }: { readonly rows: Rows<EventView> }) {
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(rows);
  latest.current = rows;
  useEffect(() => {
    if (end.current === null) return;
    // The parts that were loaded are kept current from the first one on.
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting === true) latest.current.look(0, latest.current.rows.length);
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [rows.rows.length]);
  return <div ref={end} />;
}
