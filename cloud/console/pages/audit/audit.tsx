import { audit } from "../../api/cloud.js";
import type { AuditView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { useRows } from "../../state/rows.js";
import { wordOf } from "../../text/words.js";
import { useColumns } from "../../view/columns.js";
import { Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { type Column, Table } from "../../view/table.js";

/** Who did what, when and from where. */
export function AuditPage() {
  const { audit: words, codes, common } = texts.value;
  const rows = useRows<AuditView>({
    load: (after, signal) => audit.list({ after, limit: 200, order: "newest" }, signal),
    inputs: [],
    // Each change of an operator is followed by a change of what it was about.
    concerns: ({ kind }) => kind !== "presence" && kind !== "lost",
  });
  const columns: readonly Column<AuditView>[] = [
    { id: "at", title: common.time, width: "min(140px, 26vw)", cell: ({ at }) => <Time at={at} /> },
    {
      id: "actor",
      title: words.actor,
      width: "min(180px, 28vw)",
      cell: ({ actor }) => <Given text={actor} />,
    },
    {
      id: "action",
      title: words.action,
      width: "min(200px, 36vw)",
      cell: ({ action }) => wordOf(codes.action, action),
    },
    {
      id: "subject",
      title: words.subject,
      cell: ({ subject }) => <Given text={subject} />,
      rank: 2,
    },
    { id: "detail", title: common.details, cell: ({ detail }) => <Detail detail={detail} />, rank: 3 },
    { id: "origin", title: words.origin, width: "140px", cell: ({ origin }) => origin, rank: 3 },
  ];
  const { shown, menu } = useColumns("audit", columns);
  return (
    <>
      <Head title={words.title} facts={words.facts}>
        {menu}
      </Head>
      <Table label={words.title} columns={shown} rows={rows} keyOf={({ id }) => id} />
    </>
  );
}

function Detail({ detail }: { readonly detail: AuditView["detail"] }) {
  const text = Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
  return <Given text={text} />;
}

/** What the cloud has stored, as it is. */
function Given({ text }: { readonly text: string }) {
  return (
    <span class="given" title={text}>
      {text}
    </span>
  );
}
