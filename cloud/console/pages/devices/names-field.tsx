import { useState } from "preact/hooks";
import { texts } from "../../state/language.js";
import { Button } from "../../view/button.js";
import { saveFile } from "../../view/copy.js";
import { Field } from "../../view/field.js";
import { reading } from "../../state/reading.js";
import { FileDrop } from "../../view/file-drop.js";
import { type NamedLine, type NamesFile, readNames, rejectedCsv } from "./names.js";

/** Most bytes of a file of names. */
const FILE_LIMIT = 8_000_000;
/** Rejected lines that are shown; the file to download has all. */
const SHOWN = 5;

/** A file of names, dropped or chosen. What is no name is listed, and can be downloaded. */
export function NamesField(props: { readonly error: string | undefined; onNames(names: readonly NamedLine[]): void }) {
  const { error, onNames } = props;
  const { devices: words, common } = texts.value;
  const [read, setRead] = useState<NamesFile>();
  const [isTooLarge, setTooLarge] = useState(false);
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setTooLarge(file.size > FILE_LIMIT);
    const result = file.size > FILE_LIMIT ? undefined : readNames(await file.text());
    setRead(result);
    onNames(result?.names ?? []);
  };
  return (
    <>
      <FileDrop onFiles={([file]) => take(file)}>
        <Field
          label={words.namesFile}
          help={words.namesFileHelp}
          error={isTooLarge ? words.fileTooLarge : read === undefined ? error : undefined}
        >
          {(ids) => (
            <input
              {...ids}
              type="file"
              accept=".txt,.csv,text/plain,text/csv"
              onChange={(event) => void reading(take(event.currentTarget.files?.[0]))}
            />
          )}
        </Field>
      </FileDrop>
      {read === undefined ? null : (
        <div role="status">
          <p>{words.namesRead(read.names.length)}</p>
          {read.rejected.length === 0 ? null : (
            <>
              <p class="field-error">{words.namesRejected(read.rejected.length)}</p>
              <ul class="undone">
                {read.rejected.slice(0, SHOWN).map(({ line, text, reason }) => (
                  <li key={line}>
                    {words.rejectedLine(line)} <span class="id">{text.slice(0, 60)}</span> – {words.rejectedWhy[reason]}
                  </li>
                ))}
              </ul>
              <Button onPress={() => saveFile("rejected.csv", rejectedCsv(read.rejected), "text/csv")}>
                {common.download}
              </Button>
            </>
          )}
        </div>
      )}
    </>
  );
}
