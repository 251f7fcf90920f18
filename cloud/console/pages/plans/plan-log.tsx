import type { EventView, PlanView } from "../../../operator/types.js";
import { events } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useRows } from "../../state/rows.js";
import { setQuery } from "../../state/router.js";
import { Id, Time } from "../../view/facts.js";
import { type Column, Table } from "../../view/table.js";
import { EventText } from "../log/event-text.js";

/** All that has happened in a plan, the newest first. */
export function PlanLog({ plan: { id } }: { readonly plan: PlanView }) {
  const { plans: words } = texts.value;
  const rows = useRows<EventView>({
    load: (after, signal) => events.list({ plan: id, after, limit: 200, order: "newest" }, signal),
    inputs: [id],
    concerns: (change) => change.kind === "event" && change.event.planId === id,
  });
  return (
    <Table
      label={words.tab.log}
      columns={columns()}
      rows={rows}
      keyOf={(event) => event.id}
      onOpen={({ taskId }) => {
        if (taskId !== undefined) setQuery({ tab: "", task: String(taskId) });
      }}
      empty={<p class="quiet">{words.logEmpty}</p>}
    />
  );
}

function columns(): readonly Column<EventView>[] {
  const { common } = texts.value;
  return [
    { id: "time", title: common.time, width: "128px", cell: ({ at }) => <Time at={at} /> },
    {
      id: "device",
      title: common.device,
      width: "24%",
      cell: ({ device }) => (device === undefined ? "" : <Id text={device.deviceName} />),
    },
    { id: "event", title: common.details, cell: (event) => <EventText event={event} /> },
  ];
}
