import type { DeviceView } from "../../../operator/types.js";
import { devices } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useRows } from "../../state/rows.js";
import { useColumns } from "../../view/columns.js";
import { Empty } from "../../view/empty.js";
import { Table } from "../../view/table.js";
import { deviceColumns, HIDDEN_AT_FIRST } from "./list-columns.js";
import { pathOfDevice, spell } from "./paths.js";

/** The sub-devices that are bound to a gateway. */
export function SubDevices({ gateway }: { readonly gateway: DeviceView }) {
  const { devices: words, common } = texts.value;
  const name = spell(gateway);
  const rows = useRows<DeviceView>({
    load: (after, signal) => devices.list({ gateway: name, limit: 100, after }, signal),
    inputs: [name],
    concerns: (change) =>
      change.kind === "presence" || (change.kind === "event" && change.event.kind === "version-reported"),
  });
  const columns = deviceColumns(words, common, true).filter(({ id }) => id !== "gateway");
  const { shown, menu } = useColumns("sub-devices", columns, HIDDEN_AT_FIRST);
  return (
    <>
      <div class="filters">
        <div class="filters-end">{menu}</div>
      </div>
      <Table
        label={words.tabs["sub-devices"]}
        columns={shown}
        rows={rows}
        keyOf={({ id }) => id}
        pathOf={pathOfDevice}
        empty={
          <Empty
            text={words.noSubDevices}
            command={`ota-cloud device bind --product PRODUCT --name NAME --gateway ${name}`}
          />
        }
      />
    </>
  );
}
