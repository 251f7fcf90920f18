import { useState } from "preact/hooks";
import { tokens } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import type { Role } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { asApiError } from "../../state/resource.js";
import { noticeError } from "../../state/session.js";
import { CopyButton } from "../../view/copy.js";
import { Dialog } from "../../view/dialog.js";
import { Radios, SelectField, TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";

const DAY_MS = 86_400_000;
const LIFETIMES_DAYS = [7, 30, 90, 365] as const;

/** Makes a token. Its text is shown this once. */
export function NewToken({ onClose }: { onClose(): void }) {
  const { tokens: words, shell, common } = texts.value;
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const lifetime = days === "" ? {} : { expiresAt: Date.now() + Number(days) * DAY_MS };
      const { token } = await tokens.make({ name: name.trim(), role, ...lifetime });
      setMade(token);
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  if (made !== undefined) {
    return (
      <Dialog title={words.madeTitle} onClose={onClose}>
        <p>{words.madeText}</p>
        <p>
          <code>{made}</code>
        </p>
        <div class="dialog-actions">
          <CopyButton text={made} />
          <button type="button" class="button primary" onClick={onClose}>
            {common.close}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={words.make} onClose={onClose}>
      <form class="form" onSubmit={(event) => void make(event)}>
        <TextField label={common.name} help={words.nameHelp} value={name} onValue={setName} maxLength={100} />
        <Radios
          legend={words.role}
          value={role}
          choices={(["viewer", "operator", "admin"] as const).map((value) => ({
            value,
            label: shell.roles[value],
            help: words.roleHelp[value],
          }))}
          onValue={(value) => setRole(value as Role)}
        />
        <SelectField
          label={words.lifetime}
          value={days}
          choices={[
            ...LIFETIMES_DAYS.map((count) => ({ value: String(count), label: words.days(count) })),
            { value: "", label: words.forever },
          ]}
          onValue={setDays}
        />
        {error === undefined ? null : (
          <p class="field-error" role="alert">
            <ProblemText error={error} />
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={name.trim() === ""}>
            {words.make}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
