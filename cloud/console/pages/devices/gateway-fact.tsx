import { useState } from "preact/hooks";
import type { DeviceView } from "../../../operator/types.js";
import { devices } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";
import { TextField } from "../../view/field.js";
import { Link } from "../../view/link.js";
import { deviceOf, gatewayOf } from "./device-filter.js";
import { pathOfDevice, spell } from "./paths.js";

/** The gateway of a sub-device, and how it is bound and unbound. */
export function GatewayFact({ device, onChanged }: { readonly device: DeviceView; onChanged(): void }) {
  const { devices: words, common } = texts.value;
  const { productId, deviceName, gateway } = device;
  const [open, setOpen] = useState<"bind" | "unbind">();
  const [typed, setTyped] = useState("");
  const wanted = deviceOf(gatewayOf(typed, productId) ?? "");
  return (
    <>
      {gateway === undefined ? (
        <span class="quiet">{common.none}</span>
      ) : (
        <Link to={pathOfDevice(gateway)}>{spell(gateway)}</Link>
      )}{" "}
      {mayOperate.value ? (
        <Button kind="plain" onPress={() => setOpen(gateway === undefined ? "bind" : "unbind")}>
          {gateway === undefined ? words.bind : words.unbind}
        </Button>
      ) : null}
      {open === "unbind" && gateway !== undefined ? (
        <Confirm
          title={words.unbind}
          action={words.unbind}
          onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            await devices.unbind(productId, deviceName);
            onChanged();
          }}
        >
          <p>{words.unbindHelp(deviceName, spell(gateway))}</p>
        </Confirm>
      ) : null}
      {open === "bind" ? (
        <Confirm
          title={words.bind}
          action={words.bind}
          kind="primary"
          isReady={wanted !== undefined}
          onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            if (wanted === undefined) return;
            await devices.bind(productId, deviceName, wanted);
            onChanged();
          }}
        >
          <TextField
            label={common.gateway}
            help={words.bindHelp}
            value={typed}
            placeholder={`${productId}/gateway_01`}
            maxLength={64}
            onValue={setTyped}
          />
        </Confirm>
      ) : null}
    </>
  );
}
