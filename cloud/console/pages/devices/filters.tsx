import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../../../operator/types.js";
import type { DeviceQuery } from "../../api/cloud.js";
import { address } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { setQuery } from "../../state/router.js";
import { SelectField, TextField } from "../../view/field.js";
import { type DeviceFilter, versionChoices } from "./device-filter.js";

/** Milliseconds after the last key before the list is asked for. */
const TYPING_MS = 250;

/** The filter of the list of devices, and what else stands above it. */
export function Filters(props: {
  readonly filter: DeviceFilter;
  readonly asked: DeviceQuery;
  readonly versions: Overview["versions"];
  readonly menu: ComponentChildren;
}) {
  const { filter, asked, versions, menu } = props;
  const { devices: words, common } = texts.value;
  const choices = versionChoices(versions, filter);
  const any = { value: "", label: common.all };
  const asChoices = (values: readonly string[]) => [any, ...values.map((value) => ({ value, label: value }))];
  return (
    <search class="filters device-filters">
      <Typed label={common.search} name="text" type="search" value={filter.text} placeholder={words.searchName} />
      <SelectField
        label={common.component}
        value={filter.component}
        choices={asChoices(choices.components)}
        onValue={(component) => setQuery({ component, version: "" })}
      />
      <SelectField
        label={common.version}
        value={filter.version}
        choices={asChoices(choices.versions)}
        disabled={filter.component === ""}
        onValue={(version) => setQuery({ version })}
      />
      <SelectField
        label={common.state}
        value={filter.online}
        choices={[any, { value: "true", label: common.online }, { value: "false", label: common.offline }]}
        onValue={(online) => setQuery({ online })}
      />
      <Typed label={common.gateway} name="gateway" type="text" value={filter.gateway} placeholder={words.gatewayName} />
      <div class="filters-end">
        {menu}
        <a class="button" href={address("/export/devices", { format: "csv", ...asked })} download>
          {common.exportCsv}
        </a>
      </div>
    </search>
  );
}

/** A text of the filter. The list follows when typing pauses. */
function Typed(props: {
  readonly label: string;
  readonly name: "text" | "gateway";
  readonly type: "search" | "text";
  readonly value: string;
  readonly placeholder: string;
}) {
  const { label, name, type, value, placeholder } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => setQuery({ [name]: typed.trim() }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <TextField label={label} type={type} value={typed} placeholder={placeholder} maxLength={64} onValue={setTyped} />
  );
}
