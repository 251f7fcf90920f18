import type { DeviceView } from "../../../operator/types.js";
import type { Texts } from "../../text/en/index.js";
import { Id, Time } from "../../view/facts.js";
import { Link } from "../../view/link.js";
import { OnlineMark } from "../../view/mark.js";
import type { Column } from "../../view/table.js";
import { pathOfDevice, spell } from "./paths.js";

/** The reader can show these too. */
export const HIDDEN_AT_FIRST = ["language", "created"];

export function deviceColumns(
  words: Texts["devices"],
  common: Texts["common"],
  ofAllProducts: boolean,
): readonly Column<DeviceView>[] {
  return [
    {
      id: "name",
      title: common.name,
      cell: (device) => (
        <Link to={pathOfDevice(device)} title={spell(device)}>
          <Id text={device.deviceName} />
        </Link>
      ),
    },
    { id: "online", title: common.state, width: "100px", cell: ({ online }) => <OnlineMark online={online} /> },
    {
      id: "versions",
      title: words.versions,
      cell: ({ versions }) => <Versions versions={versions} />,
    },
    ...(ofAllProducts
      ? [
          {
            id: "product",
            title: common.product,
            rank: 3,
            cell: ({ productId }: DeviceView) => <Id text={productId} />,
          } as const,
        ]
      : []),
    {
      id: "gateway",
      title: common.gateway,
      rank: 3,
      cell: ({ gateway }) =>
        gateway === undefined ? (
          <span class="quiet">–</span>
        ) : (
          <Link to={pathOfDevice(gateway)} title={spell(gateway)}>
            <Id text={gateway.deviceName} />
          </Link>
        ),
    },
    {
      id: "seen",
      title: words.lastSeen,
      width: "120px",
      rank: 2,
      cell: ({ lastSeenAt, timeZone }) => <Time at={lastSeenAt} timeZone={timeZone} />,
    },
    { id: "zone", title: words.timeZone, rank: 3, cell: ({ timeZone }) => timeZone ?? <span class="quiet">–</span> },
    {
      id: "language",
      title: words.language,
      rank: 3,
      cell: ({ language }) => language ?? <span class="quiet">–</span>,
    },
    { id: "created", title: common.created, rank: 3, width: "120px", cell: ({ createdAt }) => <Time at={createdAt} /> },
    { id: "note", title: words.note, rank: 3, cell: ({ note }) => <span title={note}>{note}</span> },
  ];
}

/** The versions of a device; that of its own firmware first and alone without its component's name. */
export function Versions({ versions }: { readonly versions: DeviceView["versions"] }) {
  const { firmware, ...others } = versions;
  const parts = [
    ...(firmware === undefined ? [] : [firmware]),
    ...Object.entries(others).map(([component, version]) => `${component} ${version}`),
  ];
  if (parts.length === 0) return <span class="quiet">–</span>;
  return <span title={parts.join("\n")}>{parts.join(" · ")}</span>;
}
