import type { DeviceView } from "../../../operator/types.js";
import { useFaults } from "../../state/faults.js";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { FaultForm } from "../faults/fault-form.js";
import { concernsDevice } from "../faults/fault-kinds.js";
import { FaultTable } from "../faults/fault-table.js";

/** The faults that concern one device, also those of its product and of all devices. */
export function DeviceFaults({ device: { productId, deviceName } }: { readonly device: DeviceView }) {
  const { value, error, reload } = useFaults();
  const own = value?.filter((fault) => concernsDevice(fault, productId, deviceName));
  return (
    <>
      <FaultTable
        faults={own}
        error={error}
        onChanged={reload}
        empty={<p class="quiet">{texts.value.faults.noneOfDevice}</p>}
      />
      {mayOperate.value ? <FaultForm device={{ productId, deviceName }} onAdded={reload} /> : null}
    </>
  );
}
