import { useEffect, useState } from "preact/hooks";
import type { CloudSettings } from "../../../operator/types.js";
import { fleet } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { asApiError, type Resource } from "../../state/resource.js";
import { mayAdminister, noticeError } from "../../state/session.js";
import { TextField } from "../../view/field.js";
import { Problem, ProblemText } from "../../view/problem.js";

/** A panel with one setting that is a whole number. */
export function NumberSetting(props: {
  readonly name: keyof CloudSettings;
  readonly loaded: Resource<CloudSettings>;
  readonly title: string;
  readonly label: string;
  readonly help: string;
  readonly least: number;
  readonly most: number;
}) {
  const { name, loaded, title, label, help, least, most } = props;
  const { settings: words, common } = texts.value;
  const [text, setText] = useState("");
  const [error, setError] = useState<ApiError>();
  const known = loaded.value?.[name];
  useEffect(() => {
    if (known !== undefined) setText(String(known));
  }, [known]);
  const count = Number(text);
  const isWrong = text.trim() === "" || !Number.isInteger(count) || count < least || count > most;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await fleet.changeSettings({ [name]: count });
      setError(undefined);
      showNotice(common.saved);
      loaded.reload();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  return (
    <section class="panel" aria-labelledby={name}>
      <h2 id={name}>{title}</h2>
      {loaded.error === undefined ? null : <Problem error={loaded.error} onRetry={loaded.reload} />}
      <form class="form" onSubmit={(event) => void save(event)}>
        <TextField
          label={label}
          help={help}
          type="number"
          value={text}
          disabled={!mayAdminister.value}
          error={known !== undefined && isWrong ? words.numberWrong(least, most) : undefined}
          onValue={setText}
        />
        {error === undefined ? null : (
          <p class="field-error" role="alert">
            <ProblemText error={error} />
          </p>
        )}
        {mayAdminister.value ? (
          <div>
            <button type="submit" class="button" disabled={isWrong || count === known}>
              {common.save}
            </button>
          </div>
        ) : null}
      </form>
    </section>
  );
}
