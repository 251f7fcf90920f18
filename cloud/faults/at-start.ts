import { isInStore } from "../files/open-files.js";
import type { CloudOptions } from "../options.js";
import { FaultList } from "./fault-list.js";

const NEEDS_TLS = "needs TLS: start the cloud with --tls-cert and --tls-key";
const NEEDS_BOARDS = "needs simulated boards beside the cloud: start it with --demo";
const NEEDS_OWN_FILES = "needs the cloud's own file server: start the cloud without --files s3://…";
export const NEEDS_OWN_BROKER = "needs the cloud's own broker: start the cloud without --broker";

/** The faults that strike requests for a file. */
function faultsOfFiles() {
  const moments = ["handshake", "answer", "range", "content", "pace", "end"] as const;
  return Object.fromEntries(moments.map((moment) => [moment, NEEDS_OWN_FILES]));
}

/**
 * @param onChange called after a fault was added or removed
 * @throws CloudError if one of the faults from the start is not possible in this cloud
 */
export function faultsOf(options: CloudOptions, hasTls: boolean, onChange: () => void): FaultList {
  const faults = new FaultList({
    impossible: {
      ...(hasTls ? {} : { handshake: NEEDS_TLS }),
      ...(isInStore(options.files) ? faultsOfFiles() : {}),
      ...(options.broker === undefined ? {} : { connect: NEEDS_OWN_BROKER, report: NEEDS_OWN_BROKER }),
      ...(options.simulatedBoards === true ? {} : { power: NEEDS_BOARDS, battery: NEEDS_BOARDS }),
    },
    onChange: () => {
      options.onFaults?.();
      onChange();
    },
    ...(options.onFault === undefined ? {} : { onStrike: options.onFault }),
  });
  for (const fault of options.faults ?? []) faults.add(fault);
  return faults;
}
