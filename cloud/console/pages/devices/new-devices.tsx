import { useState } from "preact/hooks";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import type { AddedDevices } from "./add-devices.js";
import { NewDevicesFormView } from "./new-devices-view.js";
import { NewSecrets } from "./new-secrets.js";

/** Devices are added, and then their secrets are shown this once. */
export function NewDevices() {
  const { devices: words, shell } = texts.value;
  const [added, setAdded] = useState<AddedDevices>();
  const above = <Link to="/devices">{words.title}</Link>;
  if (!mayOperate.value) return <Head title={words.add} facts={shell.notFoundHelp} above={above} />;
  return (
    <>
      <Head title={words.add} above={above} />
      {added === undefined ? (
        <NewDevicesFormView onAdded={setAdded} />
      ) : (
        <NewSecrets added={added} onMore={() => setAdded(undefined)} />
      )}
    </>
  );
}
