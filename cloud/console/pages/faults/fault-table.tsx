import type { ComponentChildren } from "preact";
import type { FaultRecord } from "../../../faults/fault.js";
import { faults as api } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import { isOn } from "../../state/faults.js";
import { locale, texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { wholeNumber } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { Link } from "../../view/link.js";
import { Mark } from "../../view/mark.js";
import { type Column, Table, wholeRows } from "../../view/table.js";
import { settingsOf } from "./fault-kinds.js";

/** Faults, each with whom it is for, how often it has struck, and a button that ends it. */
export function FaultTable(props: {
  readonly faults: readonly FaultRecord[] | undefined;
  readonly error: ApiError | undefined;
  readonly empty: ComponentChildren;
  onChanged(): void;
}) {
  const { faults, error, empty, onChanged } = props;
  const { faults: words, common } = texts.value;
  const columns: readonly Column<FaultRecord>[] = [
    {
      id: "fault",
      title: words.fault,
      cell: ({ spec }) => (
        <span title={wordOf(words.what, spec.fault)}>
          {wordOf(words.kinds, spec.fault)} <span class="id quiet">{spec.fault}</span>
        </span>
      ),
    },
    {
      id: "state",
      title: common.state,
      width: "100px",
      rank: 2,
      cell: (fault) =>
        isOn(fault) ? <Mark tone="running" word={words.on} /> : <Mark tone="ended" word={words.spent} />,
    },
    { id: "settings", title: words.settings, rank: 2, cell: ({ spec }) => <Settings spec={spec} /> },
    { id: "scope", title: words.scope, rank: 2, cell: ({ spec }) => <Scope spec={spec} /> },
    {
      id: "struck",
      title: words.struck,
      width: "92px",
      numeric: true,
      cell: ({ struck, spec: { times } }) =>
        times === undefined
          ? wholeNumber(struck, locale.value)
          : words.struckOf(wholeNumber(struck, locale.value), wholeNumber(times, locale.value)),
    },
    ...(mayOperate.value
      ? [
          {
            id: "clear",
            title: texts.value.common.actions,
            width: "84px",
            cell: ({ id, spec }: FaultRecord) => (
              <Button
                kind="plain"
                label={`${words.clear}: ${wordOf(words.kinds, spec.fault)}`}
                onPress={async () => {
                  await api.clear(id);
                  onChanged();
                }}
              >
                {words.clear}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Table label={words.title} columns={columns} rows={wholeRows(faults, error)} keyOf={({ id }) => id} empty={empty} />
  );
}

function Settings({ spec }: Pick<FaultRecord, "spec">) {
  const { faults: words } = texts.value;
  const values: { readonly [name: string]: unknown } = { ...spec };
  const parts = settingsOf(spec.fault)
    .filter(([name]) => values[name] !== undefined)
    .map(([name]) => words.settingIs(wordOf(words.setting, name), spellValue(values[name])));
  if (parts.length === 0) return <span class="quiet">–</span>;
  return <span title={parts.join("\n")}>{parts.join(", ")}</span>;
}

function spellValue(value: unknown): string {
  if (typeof value === "number") return wholeNumber(value, locale.value);
  return typeof value === "string" ? wordOf(texts.value.faults.choice, value) : JSON.stringify(value);
}

function Scope({ spec: { product, device } }: Pick<FaultRecord, "spec">) {
  if (product === undefined) return <span>{texts.value.faults.everyone}</span>;
  if (device === undefined) return <span class="id">{product}</span>;
  return (
    <Link to={`/devices/${encodeURIComponent(product)}/${encodeURIComponent(device)}?tab=faults`}>
      {product}/{device}
    </Link>
  );
}
