import { packages, plans, products } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { product as chosenProduct } from "../../state/product.js";
import { useResource } from "../../state/resource.js";
import { query } from "../../state/router.js";
import { mayOperate } from "../../state/session.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { Problem } from "../../view/problem.js";
import { firstForm, type Origin } from "./first-form.js";
import { PlanEditor } from "./plan-editor.js";
import type { PlanFormState } from "./plan-form-state.js";
import { useDraft } from "./use-draft.js";
import { ownTimeZone } from "./zones.js";

/** The form of a new plan, or of a draft that is changed. */
export function PlanForm({ id }: { readonly id?: number }) {
  const { common, planForm, shell } = texts.value;
  const origin = originOf(id);
  const { value, error, reload } = useResource(
    async (signal) => {
      const [list, plan, pack] = await Promise.all([
        products.list(signal),
        origin.plan === undefined ? undefined : plans.one(origin.plan, signal),
        origin.packageId === undefined ? undefined : packages.one(origin.packageId, signal),
      ]);
      return { list, plan, pack };
    },
    [id],
  );
  const name = value?.plan?.name ?? "";
  const title = id !== undefined ? planForm.titleEdit(name) : name === "" ? planForm.title : planForm.titleCopy(name);
  const head = <Head title={title} above={<Link to="/plans">{shell.plans}</Link>} />;
  if (error !== undefined && value === undefined) {
    return (
      <>
        {head}
        <Problem error={error} onRetry={reload} />
      </>
    );
  }
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  if (!mayOperate.value) {
    return (
      <>
        {head}
        <Empty text={planForm.viewer} />
      </>
    );
  }
  if (id !== undefined && value.plan?.state !== "draft") {
    return (
      <>
        {head}
        <Empty text={planForm.notDraft}>
          <Link to={`/plans/new?copy=${id}`} class="button">
            {planForm.copyPlan}
          </Link>
        </Empty>
      </>
    );
  }
  if (value.list.length === 0) {
    return (
      <>
        {head}
        <Empty text={planForm.noProduct} command="ota-cloud device add --product PRODUCT --name NAME" />
      </>
    );
  }
  const first = firstForm({
    ...origin,
    settings: value.plan?.settings,
    package: value.pack,
    products: value.list,
    chosenProduct: chosenProduct.value,
    ownZone: ownTimeZone(),
  });
  return (
    <>
      {head}
      <Editor draftKey={keyOf(id, origin)} first={first} products={value.list} {...(id === undefined ? {} : { id })} />
    </>
  );
}

function Editor(props: {
  readonly draftKey: string;
  readonly first: PlanFormState;
  readonly products: Parameters<typeof PlanEditor>[0]["products"];
  readonly id?: number;
}) {
  const { draftKey, first, products: list, id } = props;
  const draft = useDraft(draftKey, id === undefined ? { form: first } : { form: first, savedId: id });
  return <PlanEditor draft={draft} products={list} />;
}

/** What the form begins with, by its address. */
function originOf(id: number | undefined): Origin {
  const number = (name: string): number | undefined => {
    const text = query.value.get(name);
    return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const copied = number("copy");
  const packageId = number("package");
  const devices = query.value.get("devices");
  return {
    isCopy: id === undefined,
    ...(id === undefined && copied === undefined ? {} : { plan: id ?? copied }),
    ...(packageId === undefined ? {} : { packageId }),
    ...(devices === null ? {} : { devices: devices.split(",").filter((name) => name !== "") }),
  };
}

/** Each way to begin has its own unsaved input. */
function keyOf(id: number | undefined, { plan, packageId, devices = [] }: Origin): string {
  return id === undefined ? `new.${plan ?? ""}.${packageId ?? ""}.${devices.join(",")}` : `edit.${id}`;
}
