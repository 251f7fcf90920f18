import { useEffect, useState } from "preact/hooks";
import { texts } from "../../state/language.js";
import { guardLeaving } from "../../state/router.js";
import { asApiError } from "../../state/resource.js";
import { Button } from "../../view/button.js";
import { CopyButton, saveFile } from "../../view/copy.js";
import { Facts, Id } from "../../view/facts.js";
import { Link } from "../../view/link.js";
import { Problem } from "../../view/problem.js";
import type { AddedDevices } from "./add-devices.js";
import { identityArchive, identityCsv, identityText } from "./identity.js";
import { csv } from "./names.js";
import { pathOfDevice } from "./paths.js";

/** The secrets of devices that were just added. The cloud shows them this once, so the page asks before it is left. */
export function NewSecrets({
  added: { added, known, error },
  onMore,
}: {
  readonly added: AddedDevices;
  onMore(): void;
}) {
  const { devices: words } = texts.value;
  const secrets = added.filter(({ deviceSecret }) => deviceSecret !== undefined);
  const [isSaved, setSaved] = useState(false);
  const mustAsk = secrets.length > 0 && !isSaved;
  useEffect(() => {
    if (!mustAsk) return;
    const onUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", onUnload);
    const endGuard = guardLeaving(() => confirm(texts.value.devices.notSaved));
    return () => {
      removeEventListener("beforeunload", onUnload);
      endGuard();
    };
  }, [mustAsk]);
  const save = (name: string, content: BlobPart, type: string): void => {
    saveFile(name, content, type);
    setSaved(true);
  };
  const [one] = added;
  return (
    <div class="form">
      {error === undefined ? null : <Problem error={asApiError(error)} />}
      <p role="status">
        {words.wereAdded(added.length)} {known.length === 0 ? null : words.wereKnown(known.length)}
      </p>
      {added.length === 1 && one !== undefined ? (
        <Facts
          items={[
            [words.deviceName, <Link to={pathOfDevice(one)}>{one.deviceName}</Link>],
            ...(one.deviceSecret === undefined
              ? []
              : ([
                  [
                    words.secret,
                    <>
                      <Id text={one.deviceSecret} length={64} /> <CopyButton text={one.deviceSecret} />
                    </>,
                  ],
                ] as const)),
          ]}
        />
      ) : null}
      {secrets.length === 0 ? null : (
        <>
          <p class="banner banner-faults">{isSaved ? words.secretsSaved : words.secretsOnce}</p>
          <div class="form-actions">
            {secrets.length === 1 && secrets[0] !== undefined ? (
              <Button
                kind="primary"
                onPress={() => save("device_info.json", identityText(secrets[0] ?? EMPTY), "application/json")}
              >
                {words.downloadIdentity}
              </Button>
            ) : (
              <Button
                kind="primary"
                onPress={() => save("devices.tar", identityArchive(secrets, Date.now()), "application/x-tar")}
              >
                {words.downloadArchive}
              </Button>
            )}
            <Button onPress={() => save("devices.csv", identityCsv(secrets), "text/csv")}>{words.downloadCsv}</Button>
          </div>
          <p class="field-help">
            {secrets.length === 1 ? words.runHelp : words.archiveHelp}{" "}
            <code>
              npx ota-device run --device-info {secrets.length === 1 ? "" : `${secrets[0]?.deviceName}/`}
              device_info.json --state board --mqtt mqtt://{location.hostname}:1883
            </code>
          </p>
        </>
      )}
      <div class="form-actions">
        <Link to="/devices" class="button">
          {words.toList}
        </Link>
        <Button
          onPress={() => {
            if (!mustAsk || confirm(texts.value.devices.notSaved)) onMore();
          }}
        >
          {words.addMore}
        </Button>
        {known.length === 0 ? null : (
          <Button onPress={() => saveFile("known.csv", csv(known.map(({ deviceName }) => [deviceName])), "text/csv")}>
            {words.downloadKnown}
          </Button>
        )}
      </div>
    </div>
  );
}

const EMPTY = { productId: "", deviceName: "" };
