import { useState } from "preact/hooks";
import { devices, packages, plans, tasks } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import type { PackageView, PlanView, TaskView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { asApiError, useResource } from "../../state/resource.js";
import { mayOperate, noticeError } from "../../state/session.js";
import { reasonIn } from "../../text/words.js";
import { Field } from "../../view/field.js";
import { Link } from "../../view/link.js";
import { TaskMark } from "../../view/mark.js";
import { ProblemText } from "../../view/problem.js";

/** Plans that are looked through for the verification of the package: the newest ones. */
const NEWEST_PLANS = 200;
/** Devices that are proposed. */
const PROPOSED = 50;

/** The package is tried on one device before it goes to many: choose it, and watch it. */
export function Verification({ found }: { readonly found: PackageView }) {
  const { packages: words } = texts.value;
  const { value: task, reload } = useResource(
    (signal) => lastTaskOf(found, signal),
    [found.id, found.state],
    ({ kind }) => kind === "plan" || kind === "package",
  );
  const canBegin = found.state === "uploaded" || found.state === "rejected";
  return (
    <section class="panel" aria-labelledby="verification">
      <h2 id="verification">{words.verification}</h2>
      <p class="quiet">{words.verificationHelp[found.state]}</p>
      {task === undefined ? null : <VerificationTask task={task} />}
      {canBegin && mayOperate.value ? <Begin found={found} onBegun={reload} /> : null}
    </section>
  );
}

function VerificationTask({ task }: { readonly task: TaskView }) {
  const { packages: words, codes, common } = texts.value;
  const { deviceName, state, reason, percent, planId, id, resultMessage } = task;
  return (
    <div role="status" class="verification">
      <p>
        {words.verifiedOn(deviceName)} <TaskMark state={state} />
        {reason === "" ? null : <span class="quiet"> {reasonIn(codes.reason, reason)}</span>}{" "}
        <Link to={`/plans/${planId}?task=${id}`}>{words.showLog}</Link>
      </p>
      {resultMessage === undefined || resultMessage === "" ? null : <p class="quiet">“{resultMessage}”</p>}
      {state === "downloading" && percent !== undefined ? (
        <>
          <progress max={100} value={percent} aria-label={codes.taskState.downloading} /> {common.percent(percent)}
        </>
      ) : null}
    </div>
  );
}

function Begin({ found, onBegun }: { readonly found: PackageView; onBegun(): void }) {
  const { packages: words, common } = texts.value;
  const [deviceName, setDeviceName] = useState("");
  const [error, setError] = useState<ApiError>();
  const { productId, component, version } = found;
  const { value } = useResource(
    (signal) => devices.list({ product: productId, text: deviceName, online: true, limit: PROPOSED }, signal),
    [productId, deviceName],
    ({ kind }) => kind === "presence",
  );
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await packages.verify({ productId, component, version, deviceName });
      setError(undefined);
      onBegun();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  return (
    <form class="form" onSubmit={(event) => void begin(event)}>
      <Field label={words.device} help={words.deviceHelp}>
        {(ids) => (
          <>
            <input
              {...ids}
              type="text"
              autocomplete="off"
              spellcheck={false}
              list="verification-devices"
              value={deviceName}
              onInput={(event) => setDeviceName(event.currentTarget.value)}
            />
            <datalist id="verification-devices">
              {value?.items.map((device) => (
                <option key={device.id} value={device.deviceName}>
                  {device.versions[component] ?? common.none}
                </option>
              ))}
            </datalist>
          </>
        )}
      </Field>
      {error === undefined ? null : (
        <p class="field-error" role="alert">
          <ProblemText error={error} />
        </p>
      )}
      <div>
        <button type="submit" class="button primary" disabled={deviceName.trim() === ""}>
          {words.verify}
        </button>
      </div>
    </form>
  );
}

/** @returns the task of the package's newest verification */
async function lastTaskOf(found: PackageView, signal: AbortSignal): Promise<TaskView | undefined> {
  const { items } = await plans.list({ product: found.productId, limit: NEWEST_PLANS, order: "newest" }, signal);
  const plan = items.find((each) => each.purpose === "verification" && isOf(found, each));
  if (plan === undefined) return undefined;
  return (await tasks.list({ plan: plan.id, limit: 1 }, signal)).items[0];
}

function isOf({ component, version }: PackageView, { settings }: PlanView): boolean {
  if (settings["version"] === version) return component === "firmware";
  const list = settings["packages"];
  return (
    Array.isArray(list) &&
    list.some(
      (each: { component?: unknown; version?: unknown }) => each.component === component && each.version === version,
    )
  );
}
