import { useState } from "preact/hooks";
import type { DeviceView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Facts, Id, Time } from "../../view/facts.js";
import { EditDevice } from "./edit-device.js";
import { GatewayFact } from "./gateway-fact.js";

/** What is known about a device. Its note, time zone and language are changed in their place. */
export function DeviceFacts({ device, onChanged }: { readonly device: DeviceView; onChanged(): void }) {
  const { devices: words, common } = texts.value;
  const [isEditing, setEditing] = useState(false);
  const dash = <span class="quiet">–</span>;
  const components = Object.entries(device.versions);
  return (
    <div class="panels device-panels">
      <section class="panel">
        <h2>{common.details}</h2>
        <Facts
          items={[
            [common.product, <Id text={device.productId} />],
            [common.name, <Id text={device.deviceName} length={48} />],
            [common.created, <Time at={device.createdAt} />],
            [common.gateway, <GatewayFact device={device} onChanged={onChanged} />],
            ...(isEditing
              ? []
              : ([
                  [words.timeZone, device.timeZone ?? dash],
                  [words.language, device.language ?? dash],
                  [words.note, device.note === "" ? dash : device.note],
                ] as const)),
          ]}
        />
        {isEditing ? (
          <EditDevice
            device={device}
            onClose={(isChanged) => {
              setEditing(false);
              if (isChanged) onChanged();
            }}
          />
        ) : mayOperate.value ? (
          <Button onPress={() => setEditing(true)}>{words.edit}</Button>
        ) : null}
      </section>
      <section class="panel">
        <h2>{words.componentsTitle}</h2>
        {components.length === 0 ? (
          <p class="quiet">{words.noVersions}</p>
        ) : (
          <table class="plain-table">
            <thead>
              <tr>
                <th scope="col">{common.component}</th>
                <th scope="col">{common.version}</th>
              </tr>
            </thead>
            <tbody>
              {components.map(([component, version]) => (
                <tr key={component}>
                  <th scope="row">{component}</th>
                  <td class="id">{version}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}
