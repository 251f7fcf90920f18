import { useRef, useState } from "preact/hooks";
import { texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { reading } from "../../state/reading.js";
import { FileDrop } from "../../view/file-drop.js";
import { IMAGE_HEAD_LENGTH, imageFacts, versionInName } from "./image.js";
import { UploadFile } from "./upload-file.js";

interface Chosen {
  readonly id: number;
  readonly file: File;
  readonly version: string;
  /** Name of the project in an ESP32 image; absent if the file is none. */
  readonly project: string | undefined;
}

/** Files are dropped or chosen here; each has a form of its own. */
export function Upload({ onDone }: { onDone(): void }) {
  const { packages: words } = texts.value;
  const [chosen, setChosen] = useState<readonly Chosen[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const count = useRef(0);
  const take = async (files: FileList | null): Promise<void> => {
    const added = await Promise.all(
      [...(files ?? [])].map(async (file) => {
        count.current += 1;
        const id = count.current;
        const facts = imageFacts(new Uint8Array(await file.slice(0, IMAGE_HEAD_LENGTH).arrayBuffer()));
        return { id, file, version: facts?.version ?? versionInName(file.name), project: facts?.project };
      }),
    );
    setChosen((before) => [...before, ...added]);
  };
  return (
    <section class="panel" aria-label={words.upload}>
      <FileDrop onFiles={take}>
        <p>{words.drop}</p>
        <input
          ref={input}
          class="hidden"
          type="file"
          multiple
          tabIndex={-1}
          aria-label={words.choose}
          onChange={(event) => {
            void reading(take(event.currentTarget.files));
            event.currentTarget.value = "";
          }}
        />
        <button type="button" class="button" onClick={() => input.current?.click()}>
          {words.choose}
        </button>
        <p class="quiet">{words.formats}</p>
      </FileDrop>
      {chosen.map(({ id, file, version, project }) => (
        <UploadFile
          key={id}
          file={file}
          version={version}
          project={project}
          product={product.value}
          onDone={onDone}
          onRemove={() => setChosen((before) => before.filter((each) => each.id !== id))}
        />
      ))}
    </section>
  );
}
