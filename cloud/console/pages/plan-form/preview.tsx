import { useState } from "preact/hooks";
import type { PlanInput } from "../../../operator/types.js";
import type { Preview as CountedPreview } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { locale, texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { reasonIn } from "../../text/words.js";
import { wholeNumber } from "../../text/numbers.js";
import { Button } from "../../view/button.js";
import { saveFile } from "../../view/copy.js";
import { Problem } from "../../view/problem.js";
import { FIRST_NAMES, type PreviewState } from "./use-preview.js";

/** How many devices match, and how many do not, by reason. */
export function Preview({ input, state }: { readonly input: PlanInput; readonly state: PreviewState }) {
  const { planForm } = texts.value;
  const { value, error, isCurrent } = state;
  if (error !== undefined) return <Problem error={error} />;
  if (value === undefined) return <p class="quiet">{planForm.updating}</p>;
  const { counts, matches } = value;
  const groups = Object.entries(counts.byReason).sort(([, one], [, other]) => other - one);
  return (
    <div class={isCurrent ? "plan-form-preview" : "plan-form-preview plan-form-outdated"} aria-busy={!isCurrent}>
      <p class="plan-form-count" role="status">
        <strong>{planForm.previewMatches(wholeNumber(counts.matches, locale.value), counts.matches === 1)}</strong>
        {counts.left === 0 ? null : (
          <span class="quiet">
            {" · "}
            {planForm.previewLeft(wholeNumber(counts.left, locale.value), counts.left === 1)}
          </span>
        )}
      </p>
      {counts.matches === 0 ? (
        <p class="plan-form-rejected">{planForm.previewNobody}</p>
      ) : (
        <Names devices={matches} count={counts.matches} />
      )}
      {groups.map(([reason, count]) => (
        <LeftGroup key={reason} input={input} reason={reason} count={count} version={value} />
      ))}
    </div>
  );
}

function LeftGroup(props: {
  readonly input: PlanInput;
  readonly reason: string;
  readonly count: number;
  /** The answer that the group is part of: another one, and the names are loaded anew. */
  readonly version: CountedPreview;
}) {
  const { input, reason, count, version } = props;
  const { codes } = texts.value;
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="plan-form-group" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {reasonIn(codes.match, reason)} <span class="figure">{wholeNumber(count, locale.value)}</span>
      </summary>
      {isOpen ? <LeftNames input={input} reason={reason} count={count} version={version} /> : null}
    </details>
  );
}

function LeftNames(props: Parameters<typeof LeftGroup>[0]) {
  const { input, reason, count, version } = props;
  const { common, planForm } = texts.value;
  const { value, error } = useResource(
    (signal) => plans.previewOf(input, { limit: FIRST_NAMES, reason }, signal),
    [version],
  );
  if (error !== undefined) return <Problem error={error} />;
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  const save = async (): Promise<void> => {
    const { left } = await plans.previewOf(input, { reason });
    const names = left.filter((each) => each.reason === reason).map(({ deviceName }) => deviceName);
    saveFile(`${reason}.txt`, `${names.join("\n")}\n`, "text/plain");
  };
  return (
    <>
      <Names devices={value.left} count={count} />
      <Button kind="plain" onPress={save}>
        {planForm.saveNames}
      </Button>
    </>
  );
}

function Names({ devices, count }: { readonly devices: CountedPreview["matches"]; readonly count: number }) {
  const { planForm } = texts.value;
  return (
    <ul class="plan-form-device-names">
      {devices.slice(0, FIRST_NAMES).map(({ productId, deviceName }) => (
        <li key={`${productId}/${deviceName}`} class="id">
          {deviceName}
        </li>
      ))}
      {count > devices.length ? (
        <li class="quiet">{planForm.andMore(wholeNumber(count - devices.length, locale.value))}</li>
      ) : null}
    </ul>
  );
}
