import type { ApiError } from "../api/request.js";
import { language, texts } from "../state/language.js";
import { wordOf } from "../text/words.js";
import { Button } from "./button.js";

/** What went wrong, in the reader's language, and what the cloud says about it. */
export function ProblemText({ error }: { readonly error: ApiError }) {
  const { codes, common } = texts.value;
  const word = wordOf(codes.problem, error.code);
  if (error.status === 0) return <span>{word}</span>;
  return (
    <span>
      {word}{" "}
      <span class="quiet" lang="en">
        {language.value === "en" ? "" : common.detailFromCloud} {error.message}
      </span>
    </span>
  );
}

/** Stands where something could not be loaded. */
export function Problem({ error, onRetry }: { readonly error: ApiError; onRetry?(): void }) {
  return (
    <div class="problem" role="alert">
      <ProblemText error={error} />
      {onRetry === undefined ? null : <Button onPress={onRetry}>{texts.value.common.retry}</Button>}
    </div>
  );
}
