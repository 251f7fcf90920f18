import { useState } from "preact/hooks";
import type { PlanView } from "../../../operator/types.js";
import { type PlanAction, plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { navigate } from "../../state/router.js";
import { mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { commandsOf, type PlanCommand, primaryOf } from "./commands.js";
import { PlanConfirm, type Risky } from "./plan-confirm.js";

const RISKY: ReadonlySet<PlanCommand> = new Set(["activate", "cancel", "stop", "retry", "remove"]);

/** What can be done with a plan as it is. A viewer sees no button. */
export function PlanActions({ plan, onDone }: { readonly plan: PlanView; onDone(): void }) {
  const [asked, setAsked] = useState<Risky>();
  const words = texts.value.plans;
  if (!mayOperate.value) return null;
  const commands = commandsOf(plan);
  const primary = primaryOf(commands);
  const press = (command: PlanCommand): void | Promise<void> => {
    if (command === "edit") return navigate(`/plans/${plan.id}/edit`);
    if (command === "copy") return navigate(`/plans/new?copy=${plan.id}`);
    if (RISKY.has(command)) return setAsked(command as Risky);
    return act(command as PlanAction & ("pause" | "resume"));
  };
  const act = async (action: "pause" | "resume"): Promise<void> => {
    await plans.act(plan.id, action);
    showNotice(words.done[action]);
    onDone();
  };
  return (
    <>
      {commands.map((command) => (
        <Button
          key={command}
          kind={command === primary ? "primary" : command === "stop" || command === "remove" ? "danger" : undefined}
          onPress={() => press(command)}
        >
          {words[command]}
        </Button>
      ))}
      {asked === undefined ? null : (
        <PlanConfirm plan={plan} command={asked} onDone={onDone} onClose={() => setAsked(undefined)} />
      )}
    </>
  );
}
