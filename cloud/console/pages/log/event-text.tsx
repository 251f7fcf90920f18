import type { ComponentChildren } from "preact";
import type { EventView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import { Link } from "../../view/link.js";
import { detailOf } from "./event-detail.js";

/**
 * What happened, in a sentence, with what belongs to it. What a device wrote stands in quotes.
 *
 * @param isAnswer whether the report that it answers stands beside it: what that has already said is not said again
 */
export function EventText({ event, isAnswer = false }: { readonly event: EventView; readonly isAnswer?: boolean }) {
  const { codes, common, log } = texts.value;
  const detail = detailOf(event);
  const { reason, match, version, percent, seconds, attempt, tasks, bad, quote } = detail;
  const facts: ComponentChildren[] = [
    reason === undefined ? null : wordOf(codes.reason, reason),
    match === undefined ? null : wordOf(codes.match, match),
    version === undefined ? null : <span class="id">{version}</span>,
    percent === undefined || isAnswer ? null : common.percent(percent),
    seconds === undefined ? null : log.inSeconds(seconds),
    attempt === undefined ? null : log.attempt(attempt),
    tasks === undefined ? null : log.tasks(tasks),
    bad === undefined ? null : log.bad(bad.count, bad.ended),
    detail.isReconnected === undefined ? null : log.reconnected,
    detail.actor === undefined ? null : log.by(detail.actor),
    detail.deviceName === undefined ? null : <span class="id">{detail.deviceName}</span>,
    detail.planId === undefined ? null : <Link to={`/plans/${detail.planId}`}>{log.plan(detail.planId)}</Link>,
    detail.packageId === undefined ? null : log.package(detail.packageId),
    quote === undefined || isAnswer ? null : <q class="event-quote">{quote}</q>,
  ].filter((part) => part !== null);
  return (
    <span class="event">
      {wordOf(codes.event, event.kind)}
      {facts.map((fact, index) => (
        <span key={index} class="event-fact">
          {" "}
          {fact}
        </span>
      ))}
    </span>
  );
}
