import type { EventView } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { clockTime, exactTime } from "../../text/time.js";
import { Link } from "../../view/link.js";
import { EventText } from "./event-text.js";
import { type LogRow, logRows } from "./event-side.js";

export interface TaskLogProps {
  /** What it is the log of, for a screen reader. */
  readonly label: string;
  /** In the order in which they are shown. */
  readonly events: readonly EventView[];
  /** Whether each decision names its plan: in a log of several plans. */
  readonly namesPlans?: boolean;
}

/** A device's log: the platform on the left, what the device reported on the right, decisions between them. */
export function TaskLog({ label, events, namesPlans = false }: TaskLogProps) {
  const { log } = texts.value;
  if (events.length === 0) return <p class="quiet">{log.nothing}</p>;
  const rows = logRows(events);
  return (
    <>
      <div class="log-head" aria-hidden="true">
        <span>{log.platform}</span>
        <span>{log.device}</span>
      </div>
      <ol class="log" aria-label={label}>
        {rows.map((row, index) => (
          <Moment key={keyOf(row)} row={row} isNewDay={isNewDay(rows[index - 1], row)} namesPlans={namesPlans} />
        ))}
      </ol>
    </>
  );
}

function Moment(props: { readonly row: LogRow; readonly isNewDay: boolean; readonly namesPlans: boolean }) {
  const { at, platform, device, decision } = props.row;
  const { log } = texts.value;
  return (
    <li class="log-row">
      <time class="log-time" dateTime={new Date(at).toISOString()} title={exactTime(at, locale.value)}>
        {props.isNewDay ? <span class="log-day">{dayOf(at)}</span> : null}
        {clockTime(at, locale.value)}
      </time>
      {platform.length === 0 ? null : (
        <div class="log-platform">
          <span class="hidden">{log.platform}</span>
          <Sentences events={platform} namesPlans={props.namesPlans} />
        </div>
      )}
      {device.length === 0 ? null : (
        <div class="log-device">
          <span class="hidden">{log.device}</span>
          <Sentences events={device} namesPlans={false} />
        </div>
      )}
      {decision.length === 0 ? null : (
        <div class="log-decision">
          <Sentences events={decision} namesPlans={props.namesPlans} areAnswers={device.length > 0} />
        </div>
      )}
    </li>
  );
}

function Sentences(props: {
  readonly events: readonly EventView[];
  readonly namesPlans: boolean;
  readonly areAnswers?: boolean;
}) {
  const { events, namesPlans, areAnswers = false } = props;
  return (
    <>
      {events.map((event) => (
        <p key={event.id}>
          <EventText event={event} isAnswer={areAnswers} />
          {namesPlans && event.planId !== undefined ? (
            <>
              {" "}
              <Link to={`/plans/${event.planId}`}>{texts.value.log.plan(event.planId)}</Link>
            </>
          ) : null}
        </p>
      ))}
    </>
  );
}

function keyOf({ platform, decision, device }: LogRow): number {
  return [...platform, ...decision, ...device][0]?.id ?? 0;
}

function dayOf(at: number): string {
  return new Intl.DateTimeFormat(locale.value, { month: "short", day: "numeric" }).format(at);
}

function isNewDay(before: LogRow | undefined, row: LogRow): boolean {
  return before === undefined || new Date(before.at).toDateString() !== new Date(row.at).toDateString();
}
