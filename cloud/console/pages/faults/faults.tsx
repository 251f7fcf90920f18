import { useState } from "preact/hooks";
import { faults as api } from "../../api/cloud.js";
import { isOn, useFaults } from "../../state/faults.js";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { FaultForm } from "./fault-form.js";
import { FaultTable } from "./fault-table.js";

/** The faults on command: what goes wrong on purpose, for the bench of a tester. */
export function FaultsPage() {
  const { faults: words } = texts.value;
  const { value, error, reload } = useFaults();
  const [isClearing, setClearing] = useState(false);
  const count = value?.length ?? 0;
  const facts = value === undefined ? undefined : words.facts(value.filter(isOn).length);
  return (
    <>
      <Head title={words.title} facts={facts}>
        {mayOperate.value && count > 0 ? (
          <Button kind="danger" onPress={() => setClearing(true)}>
            {words.clearAll}
          </Button>
        ) : null}
      </Head>
      <FaultTable
        faults={value}
        error={error}
        onChanged={reload}
        empty={<Empty text={words.empty} command="ota-cloud fault add cut --bytes 65536 --times 1" />}
      />
      {mayOperate.value ? <FaultForm onAdded={reload} /> : null}
      {isClearing ? (
        <Confirm
          title={words.clearAll}
          action={words.clearCount(count)}
          onClose={() => setClearing(false)}
          onConfirm={async () => {
            await api.clear();
            reload();
          }}
        >
          <p>{words.clearHelp}</p>
        </Confirm>
      ) : null}
    </>
  );
}
