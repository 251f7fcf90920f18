import { useState } from "preact/hooks";
import { fleet, packages } from "../../api/cloud.js";
import { request } from "../../api/request.js";
import type { DeviceView, Overview, PackageView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { mayOperate } from "../../state/session.js";
import { Confirm } from "../../view/dialog.js";
import { Bytes, Facts, Id, Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { PackageMark } from "../../view/mark.js";
import { Problem } from "../../view/problem.js";
import { Variants } from "./variants.js";
import { Verification } from "./verification.js";

/** A package: what was read from its files, its verification, and where it runs. */
export function PackageDetail({ id }: { readonly id: number }) {
  const { packages: words, common } = texts.value;
  const [isWithdrawing, setWithdrawing] = useState(false);
  const loaded = useResource(
    (signal) => packages.one(id, signal),
    [id],
    (change) => change.kind === "package" && change.packageId === id,
  );
  const { value: found } = loaded;
  const versions = useVersions(found);
  const running = versions.find((each) => each.component === found?.component && each.version === found.version);
  const runningCount = running?.devices ?? 0;
  const above = <Link to="/packages">{words.title}</Link>;
  if (found === undefined) {
    return (
      <>
        <Head title={words.one} above={above} facts={loaded.isLoading ? common.loading : undefined} />
        {loaded.error === undefined ? null : <Problem error={loaded.error} onRetry={loaded.reload} />}
      </>
    );
  }
  const { component, version, productId, state } = found;
  const title = `${component} ${version}`;
  const devicesPath = `/devices?${new URLSearchParams({ component, version }).toString()}`;
  return (
    <>
      <Head title={title} above={above} facts={<PackageMark state={state} />}>
        {mayOperate.value && state !== "withdrawn" ? (
          <>
            <Link to={`/plans/new?package=${id}`} class={state === "verified" ? "button primary" : "button"}>
              {words.makePlan}
            </Link>
            <button type="button" class="button danger" onClick={() => setWithdrawing(true)}>
              {words.withdraw}
            </button>
          </>
        ) : null}
      </Head>
      <Secrets id={id} />
      <Facts
        items={[
          [common.product, <Id key="product" text={productId} />],
          [words.form, found.form === "delta" ? words.deltaFrom(found.sourceVersion ?? "") : words.full],
          [words.kind, words.kinds[found.kind]],
          [words.chip, found.chip ?? words.noImage],
          [words.project, found.project || "–"],
          [words.seal, found.seal ? words.sealed(found.seal.securityVersion, found.seal.keyIds.join(" ")) : "–"],
          [
            words.runs,
            <Link key="runs" to={devicesPath}>
              {common.devices(runningCount)}
            </Link>,
          ],
          [words.uploaded, <Time key="created" at={found.createdAt} />],
          [common.name, found.name === "" ? "–" : found.name],
          [common.remark, found.remark === "" ? "–" : found.remark],
          ...requirementFacts(found),
        ]}
      />
      <Verification found={found} />
      <section class="panel" aria-labelledby="files">
        <h2 id="files">{words.files}</h2>
        {found.files.map(({ name, size, md5, sha256 }) => (
          <Facts
            key={md5}
            items={[
              [common.name, name],
              [common.size, <Bytes key="size" count={size} />],
              ["MD5", <Id key="md5" text={md5} length={40} />],
              ["SHA-256", <Id key="sha256" text={sha256} length={33} />],
            ]}
          />
        ))}
      </section>
      <Variants found={found} versions={versions} onChange={loaded.reload} />
      {isWithdrawing ? (
        <Confirm
          title={words.withdrawTitle(title)}
          action={words.withdraw}
          onConfirm={async () => {
            await packages.withdraw(id);
            loaded.reload();
          }}
          onClose={() => setWithdrawing(false)}
        >
          <p>{words.withdrawText}</p>
          <p>{words.withdrawRuns(runningCount)}</p>
        </Confirm>
      ) : null}
    </>
  );
}

/** What devices of the package's product run. */
function useVersions(found: PackageView | undefined): Overview["versions"] {
  const product = found?.productId ?? "";
  const { value } = useResource(
    async (signal) => (product === "" ? undefined : fleet.overview(product, signal)),
    [product],
    ({ kind }) => kind === "presence" || kind === "plan",
  );
  return value?.versions ?? [];
}

function requirementFacts({ requirements }: PackageView): readonly (readonly [string, string])[] {
  const { packages: words, common } = texts.value;
  const { minBatteryPercent, minSignalDbm, space } = requirements ?? {};
  return [
    ...(minBatteryPercent === undefined ? [] : [[words.minBatteryPercent, common.percent(minBatteryPercent)] as const]),
    ...(minSignalDbm === undefined ? [] : [[words.minSignalDbm, `${minSignalDbm} dBm`] as const]),
    ...(space === undefined ? [] : [[words.space, `${space} B`] as const]),
  ];
}

/** A warning if the files hold the secret of a device: whoever gets the update would get it too. */
function Secrets({ id }: { readonly id: number }) {
  const { packages: words } = texts.value;
  const { value } = useResource(
    async (signal) =>
      mayOperate.value
        ? await request<{ items: readonly Pick<DeviceView, "productId" | "deviceName">[] }>(
            "GET",
            `/packages/${id}/secrets`,
            { signal },
          )
        : undefined,
    [id],
  );
  const items = value?.items ?? [];
  if (items.length === 0) return null;
  const names = items.slice(0, 5).map(({ productId, deviceName }) => (deviceName === "" ? productId : deviceName));
  return (
    <p class="banner banner-lost" role="alert">
      {words.secrets(names.join(", "), items.length)}
    </p>
  );
}
