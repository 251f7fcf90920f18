import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PackageView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { PackageMark } from "../../view/mark.js";
import { packageOf } from "./activation.js";
import type { PackageEntry } from "./plan-form-state.js";
import { MOST_COMPONENTS } from "./problems.js";
import type { StepProps } from "./step-props.js";

/** The packages of the plan in their order. Alt and an arrow key, or the buttons, move one. */
export function PackageRows({ form, reference, change, errorOf }: StepProps) {
  const { common, planForm } = texts.value;
  const list = reference.packages ?? [];
  const { packages } = form;
  const frame = useRef<HTMLOListElement>(null);
  const moved = useRef<{ readonly to: number; readonly focus: string } | undefined>(undefined);
  const [said, setSaid] = useState("");
  useLayoutEffect(() => {
    if (moved.current === undefined) return;
    const { to, focus } = moved.current;
    moved.current = undefined;
    const row = frame.current?.children[to];
    const wanted = row?.querySelector<HTMLElement>(`[data-part="${focus}"]:not(:disabled)`);
    // At an end of the list the button of that way cannot be pressed any more: the other one takes over.
    (wanted ?? row?.querySelector<HTMLElement>("[data-part]:is(button):not(:disabled)"))?.focus();
  }, [packages]);
  const set = (index: number, entry: PackageEntry): void =>
    change({ packages: packages.map((each, place) => (place === index ? entry : each)) });
  const move = (from: number, by: number, focus: string): void => {
    const to = from + by;
    const entry = packages[from];
    if (entry === undefined || to < 0 || to >= packages.length) return;
    const rest = packages.filter((_, place) => place !== from);
    moved.current = { to, focus };
    setSaid(planForm.moved(entry.component, to + 1, packages.length));
    change({ packages: [...rest.slice(0, to), entry, ...rest.slice(to)] });
  };
  const onKey = (event: KeyboardEvent, index: number): void => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!event.altKey || by === 0) return;
    event.preventDefault();
    const part = event.target instanceof HTMLElement ? event.target.dataset["part"] : undefined;
    move(index, by, part ?? "component");
  };
  const components = [...new Set([...list.map(({ component }) => component), "firmware"])];
  const unused = components.find((component) => !packages.some((entry) => entry.component === component));
  return (
    <fieldset class="field">
      <legend>{planForm.packages}</legend>
      <p class="field-help">{planForm.packagesHelp}</p>
      <ol ref={frame} class="plan-form-packages">
        {packages.map((entry, index) => {
          const { component, version } = entry;
          const found = packageOf(entry, list);
          const error = errorOf(`packages[${index}].component`) ?? errorOf(`packages[${index}].version`);
          const label = planForm.packageOf(index + 1);
          return (
            <li key={index} class={error === undefined ? undefined : "field-wrong"}>
              {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the fields in it */}
              <div class="plan-form-package" onKeyDown={(event) => onKey(event, index)}>
                <select
                  data-part="component"
                  aria-label={`${label}, ${common.component}`}
                  value={component}
                  onChange={(event) => set(index, { component: event.currentTarget.value, version: "" })}
                >
                  {withCurrent(components, component).map((each) => (
                    <option key={each} value={each}>
                      {each}
                    </option>
                  ))}
                </select>
                <VersionSelect
                  label={`${label}, ${common.version}`}
                  entry={entry}
                  list={list}
                  isWrong={error !== undefined}
                  onChoose={(chosen) => set(index, { component, version: chosen })}
                />
                <span class="plan-form-row-actions">
                  {(["up", "down"] as const).map((way) => (
                    <button
                      key={way}
                      type="button"
                      class="button plain"
                      data-part={way}
                      disabled={way === "up" ? index === 0 : index === packages.length - 1}
                      title={way === "up" ? planForm.moveUp : planForm.moveDown}
                      aria-label={`${label}: ${way === "up" ? planForm.moveUp : planForm.moveDown}`}
                      onClick={() => move(index, way === "up" ? -1 : 1, way)}
                    >
                      {way === "up" ? "↑" : "↓"}
                    </button>
                  ))}
                  <button
                    type="button"
                    class="button plain"
                    disabled={packages.length === 1}
                    title={common.remove}
                    aria-label={`${label}: ${common.remove}`}
                    onClick={() => change({ packages: packages.filter((_, place) => place !== index) })}
                  >
                    ×
                  </button>
                </span>
              </div>
              {found === undefined || version === "" ? null : <PackageMark state={found.state} />}
              {error === undefined ? null : <p class="field-error">{error}</p>}
            </li>
          );
        })}
      </ol>
      {errorOf("packages") === undefined ? null : <p class="field-error">{errorOf("packages")}</p>}
      {packages.length >= MOST_COMPONENTS || unused === undefined ? null : (
        <Button kind="plain" onPress={() => change({ packages: [...packages, { component: unused, version: "" }] })}>
          + {planForm.addPackage}
        </Button>
      )}
      <p class="hidden" role="status">
        {said}
      </p>
    </fieldset>
  );
}

function VersionSelect(props: {
  readonly label: string;
  readonly entry: PackageEntry;
  readonly list: readonly PackageView[];
  readonly isWrong: boolean;
  onChoose(version: string): void;
}) {
  const { label, entry, list, isWrong, onChoose } = props;
  const { codes, planForm } = texts.value;
  const { component, version } = entry;
  const offered = list.filter((each) => each.component === component && each.state !== "withdrawn");
  const versions = withCurrent([...new Set(offered.map((each) => each.version))], version);
  const wordsOf = (each: string): string => {
    const found = packageOf({ component, version: each }, list);
    if (found === undefined) return `${each} (${planForm.notUploaded})`;
    const facts = [
      ...(found.sourceVersion === undefined ? [] : [planForm.deltaFrom(found.sourceVersion)]),
      ...(found.state === "verified" ? [] : [wordOf(codes.packageState, found.state)]),
    ];
    return facts.length === 0 ? each : `${each} (${facts.join(", ")})`;
  };
  return (
    <select
      data-part="version"
      aria-label={label}
      aria-invalid={isWrong ? true : undefined}
      value={version}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      <option value="">{planForm.chooseVersion}</option>
      {versions.map((each) => (
        <option key={each} value={each}>
          {wordsOf(each)}
        </option>
      ))}
    </select>
  );
}

/** What is chosen stays in the list, even if the cloud does not have it. */
function withCurrent(list: readonly string[], current: string): readonly string[] {
  return current === "" || list.includes(current) ? list : [...list, current];
}
