import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DeviceView } from "../../../operator/types.js";
import { devices, fleet } from "../../api/cloud.js";
import { locale, texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { useResource } from "../../state/resource.js";
import { query } from "../../state/router.js";
import { useRows } from "../../state/rows.js";
import { mayOperate } from "../../state/session.js";
import { wholeNumber } from "../../text/numbers.js";
import { useColumns } from "../../view/columns.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { Table } from "../../view/table.js";
import { filterOf, isFiltered, queryOf } from "./device-filter.js";
import { Filters } from "./filters.js";
import { deviceColumns, HIDDEN_AT_FIRST } from "./list-columns.js";
import { pathOfDevice } from "./paths.js";
import { SelectionBar } from "./selection-bar.js";

/** Devices of one request. */
const PART = 200;

/** The list of devices. Its filter is in the address. */
export function DeviceList() {
  const { devices: words, common } = texts.value;
  const filter = filterOf(query.value);
  const asked = queryOf(filter, product.value);
  const wish = JSON.stringify(asked);
  const selection = useSignal<ReadonlySet<number>>(new Set());
  useEffect(() => {
    selection.value = new Set();
  }, [wish]);
  const rows = useRows<DeviceView>({
    load: (after, signal) => devices.list({ ...asked, limit: PART, after }, signal),
    inputs: [wish],
    concerns: (change) =>
      change.kind === "presence" || (change.kind === "event" && change.event.kind === "version-reported"),
  });
  const { value: overview } = useResource(
    (signal) => fleet.overview(product.value, signal),
    [product.value],
    (change) => change.kind === "presence",
  );
  const { shown, menu } = useColumns("devices", deviceColumns(words, common, product.value === ""), HIDDEN_AT_FIRST);
  const count = (value: number): string => wholeNumber(value, locale.value);
  const isEmpty = !isFiltered(filter) && rows.rows.length === 0;
  return (
    <>
      <Head
        title={words.title}
        facts={
          overview === undefined
            ? undefined
            : words.facts(count(overview.devices), overview.online === null ? "" : count(overview.online))
        }
      >
        {mayOperate.value ? (
          <Link to="/devices/new" class="button primary">
            {words.add}
          </Link>
        ) : null}
      </Head>
      <Filters filter={filter} asked={asked} versions={overview?.versions ?? []} menu={menu} />
      <Table
        label={words.title}
        columns={shown}
        rows={rows}
        keyOf={({ id }) => id}
        idOf={({ id }) => id}
        pathOf={pathOfDevice}
        total={isFiltered(filter) ? undefined : overview?.devices}
        {...(mayOperate.value ? { selection } : {})}
        empty={
          isEmpty ? (
            <Empty text={words.empty} command="ota-cloud device add --product PRODUCT --name NAME">
              {mayOperate.value ? (
                <Link to="/devices/new" class="button primary">
                  {words.add}
                </Link>
              ) : null}
            </Empty>
          ) : undefined
        }
      />
      <SelectionBar
        devices={rows.rows.filter(({ id }) => selection.value.has(id))}
        onClear={() => {
          selection.value = new Set();
        }}
        onRemoved={rows.reload}
      />
    </>
  );
}
