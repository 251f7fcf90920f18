import { useState } from "preact/hooks";
import type { DeviceView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { setProduct } from "../../state/product.js";
import { navigate } from "../../state/router.js";
import { mayAdminister, mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { RemoveDevices } from "./remove-devices.js";

/** Devices that still fit into the address of a new plan. */
const PLAN_LIMIT = 200;

/** What can be done with the devices that are selected. */
export function SelectionBar(props: { readonly devices: readonly DeviceView[]; onClear(): void; onRemoved(): void }) {
  const { devices, onClear, onRemoved } = props;
  const { devices: words, common } = texts.value;
  const [removed, setRemoved] = useState<readonly DeviceView[]>([]);
  const products = new Set(devices.map(({ productId }) => productId));
  const obstacle =
    products.size > 1 ? words.planOneProduct : devices.length > PLAN_LIMIT ? words.planTooMany(PLAN_LIMIT) : undefined;
  const plan = (): void => {
    const names = devices.map(({ deviceName }) => deviceName).join(",");
    const productId = devices[0]?.productId ?? "";
    const query = new URLSearchParams({ product: productId, devices: names });
    // The form of a plan begins with the product that the pages show.
    setProduct(productId);
    navigate(`/plans/new?${query}`);
  };
  return (
    <>
      {devices.length === 0 ? null : (
        <section class="selection-bar" aria-label={common.selected(devices.length)}>
          <span role="status">{common.selected(devices.length)}</span>
          {mayOperate.value ? (
            <Button kind="primary" disabled={obstacle !== undefined} onPress={plan}>
              {words.makePlan}
            </Button>
          ) : null}
          {obstacle === undefined ? null : <span class="quiet">{obstacle}</span>}
          {mayAdminister.value ? (
            <Button kind="danger" onPress={() => setRemoved(devices)}>
              {words.removeThem}
            </Button>
          ) : null}
          <Button onPress={onClear}>{words.clearSelection}</Button>
        </section>
      )}
      {removed.length === 0 ? null : (
        <RemoveDevices
          devices={removed}
          onClose={(wasAny) => {
            setRemoved([]);
            if (!wasAny) return;
            onClear();
            onRemoved();
          }}
        />
      )}
    </>
  );
}
