import { useEffect, useState } from "preact/hooks";
import { devices } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { TextField } from "../../view/field.js";
import { OnlineMark } from "../../view/mark.js";
import { namesIn } from "./names.js";

const FOUND = 8;
const PAUSE_MS = 250;

/** Finds devices by a part of the name, and adds them to a list. */
export function DeviceSearch(props: {
  readonly product: string;
  /** The list as text. */
  readonly chosen: string;
  onAdd(name: string): void;
}) {
  const { product, chosen, onAdd } = props;
  const { planForm } = texts.value;
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="plan-form-search">
      <TextField
        label={planForm.findDevice}
        help={planForm.findDeviceHelp}
        type="search"
        value={text}
        onValue={setText}
      />
      {wanted === "" || product === "" ? null : (
        <Found product={product} text={wanted} names={new Set(namesIn(chosen).names)} onAdd={onAdd} />
      )}
    </div>
  );
}

function Found(props: {
  readonly product: string;
  readonly text: string;
  readonly names: ReadonlySet<string>;
  onAdd(name: string): void;
}) {
  const { product, text, names, onAdd } = props;
  const { common, planForm } = texts.value;
  const { value } = useResource((signal) => devices.list({ product, text, limit: FOUND }, signal), [product, text]);
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  if (value.items.length === 0) return <p class="quiet">{common.nothingFound}</p>;
  return (
    <ul class="plan-form-found">
      {value.items.map(({ deviceName, versions, online }) => (
        <li key={deviceName}>
          <span class="id">{deviceName}</span>
          <span class="quiet">{versions["firmware"] ?? ""}</span>
          <OnlineMark online={online} />
          {names.has(deviceName) ? (
            <span class="quiet">{planForm.added}</span>
          ) : (
            <button
              type="button"
              class="button plain"
              aria-label={planForm.add(deviceName)}
              onClick={() => onAdd(deviceName)}
            >
              + {planForm.addVersion}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
