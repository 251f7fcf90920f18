import { useState } from "preact/hooks";
import { devices } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { navigate, query, setQuery } from "../../state/router.js";
import { mayAdminister, mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";
import { Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { OnlineMark } from "../../view/mark.js";
import { Problem } from "../../view/problem.js";
import { Tabs } from "../../view/tabs.js";
import { DeviceFacts } from "./device-facts.js";
import { DeviceFaults } from "./device-faults.js";
import { DeviceLog } from "./device-log.js";
import { DeviceTasks } from "./device-tasks.js";
import { SubDevices } from "./sub-devices.js";

const TABS = ["log", "tasks", "sub-devices", "faults"] as const;
type TabName = (typeof TABS)[number];

/** The page of one device. */
export function DevicePage({ productId, deviceName }: { readonly productId: string; readonly deviceName: string }) {
  const { devices: words, common } = texts.value;
  const {
    value: device,
    error,
    reload,
  } = useResource(
    (signal) => devices.one(productId, deviceName, signal),
    [productId, deviceName],
    (change) =>
      change.kind === "presence" ||
      (change.kind === "event" &&
        change.event.device?.productId === productId &&
        change.event.device.deviceName === deviceName),
  );
  const [isRemoving, setRemoving] = useState(false);
  const above = <Link to="/devices">{words.title}</Link>;
  if (device === undefined) {
    return (
      <>
        <Head title={deviceName} above={above} />
        {error === undefined ? <p class="quiet">{common.loading}</p> : <Problem error={error} onRetry={reload} />}
      </>
    );
  }
  const chosen: TabName = TABS.find((name) => name === query.value.get("tab")) ?? "log";
  const facts = (
    <>
      <OnlineMark online={device.online} /> · {words.lastSeen}{" "}
      <Time at={device.lastSeenAt} timeZone={device.timeZone} />
    </>
  );
  return (
    <>
      <Head title={deviceName} facts={facts} above={above}>
        {mayOperate.value ? (
          <Link to={`/packages?${new URLSearchParams({ product: productId, device: deviceName })}`} class="button">
            {words.verify}
          </Link>
        ) : null}
        {mayAdminister.value ? (
          <Button kind="danger" onPress={() => setRemoving(true)}>
            {common.remove}
          </Button>
        ) : null}
      </Head>
      {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      <DeviceFacts device={device} onChanged={reload} />
      <Tabs
        label={deviceName}
        tabs={TABS.map((id) => ({ id, label: words.tabs[id] }))}
        chosen={chosen}
        onChoose={(tab) => setQuery({ tab: tab === "log" ? "" : tab })}
      >
        {chosen === "log" ? <DeviceLog device={device} /> : null}
        {chosen === "tasks" ? <DeviceTasks device={device} /> : null}
        {chosen === "sub-devices" ? <SubDevices gateway={device} /> : null}
        {chosen === "faults" ? <DeviceFaults device={device} /> : null}
      </Tabs>
      {isRemoving ? (
        <Confirm
          title={words.removeTitle(1)}
          action={words.removeAction(1)}
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await devices.remove(productId, deviceName);
            navigate("/devices");
          }}
        >
          <p class="id">{deviceName}</p>
          <p>{words.removeHelp}</p>
        </Confirm>
      ) : null}
    </>
  );
}
