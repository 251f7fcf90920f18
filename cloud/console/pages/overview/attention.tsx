import type { Overview } from "../../../operator/types.js";
import { language, texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import { Link } from "../../view/link.js";
import { Mark } from "../../view/mark.js";

type Item = Overview["attention"][number];

/** What wants an operator: what is halted or silent, and what is wrong with the cloud itself. */
export function Attention({ overview }: { readonly overview: Overview }) {
  const { overview: words } = texts.value;
  const { attention } = overview;
  return (
    <section class="panel" aria-labelledby="attention">
      <h2 id="attention">{words.attention}</h2>
      {attention.length === 0 ? (
        <p>
          <Mark tone="succeeded" word={words.allWell} />
        </p>
      ) : (
        <ul class="attention" aria-live="polite">
          {attention.map((item) => (
            <li key={`${item.kind} ${item.planId ?? item.code ?? ""}`}>
              <AttentionItem item={item} overview={overview} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function AttentionItem({ item, overview }: { readonly item: Item; readonly overview: Overview }) {
  const { overview: words } = texts.value;
  const { kind, planId, count = 0, code = "", message = "" } = item;
  if (kind === "problem") {
    return (
      <>
        <Mark tone="failed" word={wordOf(words.problems, code)} />{" "}
        <span class="quiet" lang={language.value === "en" ? undefined : "en"}>
          {message}
        </span>
      </>
    );
  }
  const name = overview.plans.find(({ id }) => id === planId)?.name ?? String(planId);
  const text =
    kind === "plan-halted"
      ? words.halted(name)
      : kind === "plan-paused"
        ? words.paused(name)
        : kind === "plan-refused"
          ? words.refused(name, count)
          : kind === "plan-variant-refused"
            ? words.variantRefused(name, count)
            : words.silent(name, count);
  const state = kind === "plan-refused" ? "?state=declined" : kind === "plan-silent" ? "?state=silent" : "";
  return (
    <>
      <Mark tone="attention" word={text} /> <Link to={`/plans/${planId}${state}`}>{words.look}</Link>
    </>
  );
}
