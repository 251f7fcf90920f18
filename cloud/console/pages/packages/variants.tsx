import { useState } from "preact/hooks";
import { packages } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import type { Overview, PackageVariantView, PackageView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { asApiError } from "../../state/resource.js";
import { mayOperate, noticeError } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Bytes } from "../../view/facts.js";
import { Check, TextField } from "../../view/field.js";
import { Mark, type Tone } from "../../view/mark.js";
import { ProblemText } from "../../view/problem.js";

const TONES: { readonly [state in PackageVariantView["state"]]: Tone } = {
  queued: "waiting",
  making: "running",
  ready: "succeeded",
  failed: "failed",
  removing: "waiting",
};

/**
 * The deltas and the compressed image that the cloud makes of a package: how far they are, and what they save.
 *
 * @param versions what devices run, of each component
 */
export function Variants(props: {
  readonly found: PackageView;
  readonly versions: Overview["versions"];
  onChange(): void;
}) {
  const { found, versions, onChange } = props;
  const { packages: words } = texts.value;
  const { id, form, state, variants } = found;
  const mayMake = mayOperate.value && form === "full" && state !== "withdrawn";
  if (!mayMake && variants.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="variants">
      <h2 id="variants">{words.variants}</h2>
      <p class="quiet">{words.variantsHelp}</p>
      {variants.length === 0 ? null : (
        <ul class="variants">
          {variants.map((variant) => (
            <li key={variant.id}>
              <Variant variant={variant} wholeSize={found.files[0]?.size ?? 0} />
              {mayOperate.value && variant.state !== "removing" ? (
                <Button
                  label={`${words.removeVariant} ${nameOf(variant)}`}
                  onPress={async () => {
                    await packages.removeVariant(id, variant.id);
                    onChange();
                  }}
                >
                  {words.removeVariant}
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {mayMake ? <Make found={found} versions={versions} onMade={onChange} /> : null}
    </section>
  );
}

/** What has failed, or is being removed, can be made anew. */
function isGone(state: PackageVariantView["state"]): boolean {
  return state === "failed" || state === "removing";
}

function Variant({ variant, wholeSize }: { readonly variant: PackageVariantView; readonly wholeSize: number }) {
  const { packages: words, common } = texts.value;
  const { state, percent, size, pays, reason } = variant;
  const name = nameOf(variant);
  return (
    <span role="status">
      <span>{name}</span>
      <Mark tone={TONES[state]} word={words.variantState[state]} />
      {state === "making" ? (
        <>
          <progress max={100} value={percent} aria-label={name} />
          <span>{common.percent(percent)}</span>
        </>
      ) : null}
      {size === undefined ? null : (
        <>
          <Bytes count={size} />
          <span class="quiet">{words.ofWhole(Math.ceil((1000 * size) / wholeSize) / 10)}</span>
        </>
      )}
      {pays === false ? <Mark tone="attention" word={words.paysNot} /> : null}
      {reason === undefined ? null : <span class="quiet">“{reason}”</span>}
    </span>
  );
}

function Make(props: { readonly found: PackageView; readonly versions: Overview["versions"]; onMade(): void }) {
  const { found, versions, onMade } = props;
  const { packages: words } = texts.value;
  const [from, setFrom] = useState("");
  const [compressed, setCompressed] = useState(false);
  const [error, setError] = useState<ApiError>();
  const deltaFrom = from.split(/[\s,，、]+/).filter((version) => version !== "");
  const running = versions
    .filter(({ component, version }) => component === found.component && version !== found.version)
    .map(({ version, devices }) => `${version} (${devices})`);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await packages.addVariants(found.id, {
        ...(deltaFrom.length === 0 ? {} : { deltaFrom }),
        ...(compressed ? { compressed } : {}),
      });
      setFrom("");
      setCompressed(false);
      setError(undefined);
      onMade();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  return (
    <form class="form" onSubmit={(event) => void make(event)}>
      <TextField
        label={words.deltaFromVersions}
        help={words.deltaFromHelp(running.join(", "))}
        value={from}
        onValue={setFrom}
      />
      {found.variants.some(({ form, state }) => form === "compressed" && !isGone(state)) ? null : (
        <Check label={words.compressed} help={words.compressedHelp} checked={compressed} onValue={setCompressed} />
      )}
      {error === undefined ? null : (
        <p class="field-error" role="alert">
          <ProblemText error={error} />
        </p>
      )}
      <div>
        <button type="submit" class="button" disabled={deltaFrom.length === 0 && !compressed}>
          {words.make}
        </button>
      </div>
    </form>
  );
}

function nameOf({ sourceVersion }: PackageVariantView): string {
  const { packages: words } = texts.value;
  return sourceVersion === undefined ? words.compressed : words.deltaFrom(sourceVersion);
}
