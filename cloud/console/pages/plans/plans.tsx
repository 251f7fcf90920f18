import { texts } from "../../state/language.js";
import { Head } from "../../view/head.js";
import { PlanForm } from "../plan-form/plan-form.js";
import { PlanList } from "./list.js";
import { PlanPage } from "./plan-page.js";

/** `/plans`, `/plans/new`, `/plans/ID` and `/plans/ID/edit`. */
export function PlansPage({ rest }: { readonly rest: readonly string[] }) {
  const [first, second, ...more] = rest;
  if (first === undefined) return <PlanList />;
  if (first === "new" && second === undefined) return <PlanForm />;
  if (/^[1-9]\d{0,14}$/.test(first) && more.length === 0) {
    if (second === undefined) return <PlanPage id={Number(first)} />;
    if (second === "edit") return <PlanForm id={Number(first)} />;
  }
  const { shell } = texts.value;
  return <Head title={shell.notFound} facts={shell.notFoundHelp} />;
}
