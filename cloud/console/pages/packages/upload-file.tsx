import { useEffect, useRef, useState } from "preact/hooks";
import { products } from "../../api/cloud.js";
import { type ApiError, upload } from "../../api/request.js";
import type { PackageView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { asApiError, useResource } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { Check, Radios, SelectField, TextField } from "../../view/field.js";
import { Bytes } from "../../view/facts.js";
import { Link } from "../../view/link.js";
import { Mark } from "../../view/mark.js";
import { ProblemText } from "../../view/problem.js";
import { hasKnownFormat, newForm, problemsOf, UPLOAD_LIMIT_BYTES, uploadQuery } from "./upload-form.js";

type Progress =
  | { readonly name: "editing"; readonly error?: ApiError }
  | { readonly name: "sending"; readonly sentBytes: number }
  | { readonly name: "done"; readonly made: PackageView };

/** One file that is to become a package. */
export function UploadFile(props: {
  readonly file: File;
  readonly version: string;
  readonly project: string | undefined;
  readonly product: string;
  onDone(): void;
  onRemove(): void;
}) {
  const { file, project, onDone, onRemove } = props;
  const { packages: words, common } = texts.value;
  const [form, setForm] = useState(() => newForm(props.product, props.version));
  const [progress, setProgress] = useState<Progress>({ name: "editing" });
  const ended = useRef(new AbortController());
  const { value: known } = useResource(products.list, []);
  useEffect(() => {
    // One product needs no choice.
    if (form.product === "" && known?.length === 1) setForm({ ...form, product: known[0]?.productId ?? "" });
  }, [known]);
  const problems = problemsOf(form);
  const isTooLarge = file.size > UPLOAD_LIMIT_BYTES;
  const isUnknown = !hasKnownFormat(file.name);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    ended.current = new AbortController();
    setProgress({ name: "sending", sentBytes: 0 });
    try {
      const made = await upload<PackageView>("/packages", {
        query: uploadQuery(form, file.name),
        file,
        signal: ended.current.signal,
        onProgress: (sentBytes) => setProgress({ name: "sending", sentBytes }),
      });
      setProgress({ name: "done", made });
      onDone();
    } catch (thrown) {
      if (ended.current.signal.aborted) {
        setProgress({ name: "editing" });
        return;
      }
      noticeError(thrown);
      setProgress({ name: "editing", error: asApiError(thrown) });
    }
  };
  if (progress.name === "done") return <Done made={progress.made} onRemove={onRemove} />;
  const isSending = progress.name === "sending";
  return (
    <form class="upload" onSubmit={(event) => void send(event)}>
      <h3>
        {file.name} <span class="quiet">· </span>
        <Bytes count={file.size} />
        {project === undefined ? null : <span class="quiet"> · {words.imageOf(project)}</span>}
      </h3>
      {isTooLarge ? <p class="field-error">{words.tooLarge}</p> : null}
      {isUnknown ? <p class="field-error">{words.unknownFormat}</p> : null}
      <div class="field-row">
        <SelectField
          label={common.product}
          value={form.product}
          error={form.product !== "" && problems.product !== undefined ? words.problems.product : undefined}
          choices={[
            { value: "", label: words.chooseProduct },
            ...(known ?? []).map(({ productId, name }) => ({
              value: productId,
              label: name === "" ? productId : `${name} (${productId})`,
            })),
          ]}
          onValue={(value) => setForm({ ...form, product: value })}
        />
        <TextField
          label={common.version}
          value={form.version}
          error={form.version !== "" && problems.version !== undefined ? words.problems.version : undefined}
          onValue={(version) => setForm({ ...form, version })}
        />
        <TextField
          label={common.component}
          value={form.component}
          error={problems.component === undefined ? undefined : words.problems.component}
          onValue={(component) => setForm({ ...form, component })}
        />
      </div>
      <Radios
        legend={words.form}
        value={form.form}
        choices={[
          { value: "full", label: words.full },
          { value: "delta", label: words.delta, help: words.deltaHelp },
        ]}
        onValue={(value) => setForm({ ...form, form: value as "full" | "delta" })}
      />
      {form.form === "delta" ? (
        <TextField
          label={words.sourceVersion}
          value={form.sourceVersion}
          error={
            form.sourceVersion !== "" && problems.sourceVersion !== undefined
              ? words.problems[problems.sourceVersion]
              : undefined
          }
          onValue={(sourceVersion) => setForm({ ...form, sourceVersion })}
        />
      ) : null}
      <TextField
        label={common.remark}
        value={form.remark}
        maxLength={500}
        onValue={(remark) => setForm({ ...form, remark })}
      />
      <details>
        <summary>{common.more}</summary>
        <div class="upload-more">
          <TextField label={common.name} value={form.name} onValue={(name) => setForm({ ...form, name })} />
          <SelectField
            label={words.kind}
            value={form.kind}
            choices={[
              { value: "module", label: words.kinds.module },
              { value: "mcu", label: words.kinds.mcu },
            ]}
            onValue={(value) => setForm({ ...form, kind: value as "module" | "mcu" })}
          />
          <div class="field-row">
            {(["minBatteryPercent", "minSignalDbm", "space"] as const).map((field) => (
              <TextField
                key={field}
                label={words[field]}
                value={form[field]}
                error={problems[field] === undefined ? undefined : words.problems.number}
                onValue={(value) => setForm({ ...form, [field]: value })}
              />
            ))}
          </div>
          <Check
            label={words.replace}
            help={words.replaceHelp}
            checked={form.replace}
            onValue={(replace) => setForm({ ...form, replace })}
          />
        </div>
      </details>
      {progress.name === "editing" && progress.error !== undefined ? (
        <p class="field-error" role="alert">
          <ProblemText error={progress.error} />
        </p>
      ) : null}
      {isSending ? <Sent sentBytes={progress.sentBytes} totalBytes={file.size} /> : null}
      <div class="head-actions">
        <button
          type="submit"
          class="button primary"
          disabled={isSending || isTooLarge || isUnknown || Object.keys(problems).length > 0}
        >
          {words.send}
        </button>
        <button type="button" class="button" onClick={() => (isSending ? ended.current.abort() : onRemove())}>
          {common.cancel}
        </button>
      </div>
    </form>
  );
}

function Sent({ sentBytes, totalBytes }: { readonly sentBytes: number; readonly totalBytes: number }) {
  const { packages: words, common } = texts.value;
  const percent = totalBytes === 0 ? 100 : Math.floor((sentBytes * 100) / totalBytes);
  return (
    <div role="status">
      <progress max={100} value={percent} aria-label={words.sending} />
      {percent < 100 ? common.percent(percent) : words.checking}
    </div>
  );
}

function Done({ made, onRemove }: { readonly made: PackageView; onRemove(): void }) {
  const { packages: words, common } = texts.value;
  return (
    <div class="upload" role="status">
      <p>
        <Mark tone="succeeded" word={words.done(made.component, made.version)} />
        {made.chip === undefined ? null : <span class="quiet"> · {words.read(made.chip, made.project ?? "")}</span>}
      </p>
      <div class="head-actions">
        <Link to={`/packages/${made.id}`} class="button primary">
          {words.goVerify}
        </Link>
        <button type="button" class="button" onClick={onRemove}>
          {common.close}
        </button>
      </div>
    </div>
  );
}
