import { useState } from "preact/hooks";
import { fleet, packages } from "../../api/cloud.js";
import type { PackageView } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { useResource } from "../../state/resource.js";
import { useRows } from "../../state/rows.js";
import { mayOperate } from "../../state/session.js";
import { wholeNumber } from "../../text/numbers.js";
import { useColumns } from "../../view/columns.js";
import { Empty } from "../../view/empty.js";
import { Bytes, Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { PackageMark } from "../../view/mark.js";
import { type Column, Table } from "../../view/table.js";
import { Upload } from "./upload.js";

export function PackageList() {
  const { packages: words, common } = texts.value;
  const [isUploading, setUploading] = useState(false);
  const rows = useRows<PackageView>({
    load: (after, signal) => packages.list({ product: product.value, after, limit: 200, order: "newest" }, signal),
    inputs: [product.value],
    concerns: ({ kind }) => kind === "package",
  });
  const overview = useResource(
    (signal) => fleet.overview(product.value, signal),
    [product.value],
    ({ kind }) => kind === "presence" || kind === "plan",
  );
  const runs = ({ component, version }: PackageView): number =>
    overview.value?.versions.find((each) => each.component === component && each.version === version)?.devices ?? 0;
  const columns: readonly Column<PackageView>[] = [
    {
      id: "version",
      title: common.version,
      cell: ({ id, version }) => <Link to={`/packages/${id}`}>{version}</Link>,
    },
    { id: "component", title: common.component, width: "108px", cell: ({ component }) => component },
    { id: "state", title: common.state, width: "130px", cell: ({ state }) => <PackageMark state={state} /> },
    {
      id: "form",
      title: words.form,
      width: "140px",
      rank: 3,
      cell: ({ form, sourceVersion }) => (form === "delta" ? words.deltaFrom(sourceVersion ?? "") : words.full),
    },
    {
      id: "size",
      title: common.size,
      width: "90px",
      numeric: true,
      rank: 2,
      cell: ({ files }) => <Bytes count={files.reduce((sum, { size }) => sum + size, 0)} />,
    },
    { id: "chip", title: words.chip, width: "90px", rank: 3, cell: ({ chip }) => chip ?? "–" },
    {
      id: "runs",
      title: words.runs,
      width: "100px",
      numeric: true,
      rank: 2,
      cell: (found) => wholeNumber(runs(found), locale.value),
    },
    {
      id: "remark",
      title: common.remark,
      rank: 3,
      cell: ({ name, remark }) => <span title={remark}>{[name, remark].filter((text) => text !== "").join(": ")}</span>,
    },
    { id: "created", title: words.uploaded, width: "130px", rank: 3, cell: ({ createdAt }) => <Time at={createdAt} /> },
  ];
  const { shown, menu } = useColumns("packages", columns);
  return (
    <>
      <Head title={words.title} facts={words.facts}>
        {menu}
        {mayOperate.value ? (
          <button type="button" class="button primary" onClick={() => setUploading(!isUploading)}>
            {words.upload}
          </button>
        ) : null}
      </Head>
      {mayOperate.value && (isUploading || (rows.rows.length === 0 && !rows.isLoading)) ? (
        <Upload onDone={rows.reload} />
      ) : null}
      <Table
        label={words.title}
        columns={shown}
        rows={rows}
        keyOf={({ id }) => id}
        pathOf={({ id }) => `/packages/${id}`}
        empty={<Empty text={words.empty} command={words.command} />}
      />
    </>
  );
}
