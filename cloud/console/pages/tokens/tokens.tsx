import { useState } from "preact/hooks";
import { tokens } from "../../api/cloud.js";
import type { TokenView } from "../../../operator/types.js";
import { now } from "../../state/clock.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { mayAdminister } from "../../state/session.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";
import { Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { Mark } from "../../view/mark.js";
import { Problem } from "../../view/problem.js";
import { type Column, Table, wholeRows } from "../../view/table.js";
import { NewToken } from "./new-token.js";

/** The tokens that let others use the API. Those who are no admin would be refused. */
export function TokensPage() {
  const { title, forAdmins } = texts.value.tokens;
  return mayAdminister.value ? <TokenList /> : <Head title={title} facts={forAdmins} />;
}

function TokenList() {
  const { tokens: words, shell, common } = texts.value;
  const { value, error, reload } = useResource(tokens.list, []);
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<TokenView>();
  const columns: readonly Column<TokenView>[] = [
    { id: "name", title: common.name, cell: ({ name }) => <span title={name}>{name}</span> },
    { id: "role", title: words.role, width: "100px", cell: ({ role }) => wordOf(shell.roles, role) },
    { id: "state", title: common.state, width: "120px", cell: (token) => <TokenMark token={token} /> },
    { id: "used", title: words.lastUsed, width: "140px", cell: ({ lastUsedAt }) => <Time at={lastUsedAt} />, rank: 2 },
    {
      id: "expires",
      title: words.expires,
      width: "140px",
      cell: ({ expiresAt }) => (expiresAt === undefined ? words.forever : <Time at={expiresAt} />),
      rank: 3,
    },
    { id: "created", title: common.created, width: "140px", cell: ({ createdAt }) => <Time at={createdAt} />, rank: 3 },
    {
      id: "revoke",
      title: words.revoke,
      width: "110px",
      cell: (token) =>
        token.revokedAt === undefined ? (
          <Button kind="plain" label={words.revokeNamed(token.name)} onPress={() => setRevoked(token)}>
            {words.revoke}
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <Head title={words.title} facts={words.facts}>
        <Button kind="primary" onPress={() => setMaking(true)}>
          {words.make}
        </Button>
      </Head>
      {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      <Table
        label={words.title}
        columns={columns}
        rows={wholeRows(value === undefined ? undefined : [...value].reverse(), error)}
        keyOf={({ id }) => id}
        empty={<p class="quiet">{words.empty}</p>}
      />
      {isMaking ? (
        <NewToken
          onClose={() => {
            setMaking(false);
            reload();
          }}
        />
      ) : null}
      {revoked === undefined ? null : (
        <Confirm
          title={words.revokeNamed(revoked.name)}
          action={words.revoke}
          onConfirm={async () => {
            await tokens.revoke(revoked.id);
            reload();
          }}
          onClose={() => setRevoked(undefined)}
        >
          {words.revokeText}
        </Confirm>
      )}
    </>
  );
}

function TokenMark({ token: { revokedAt, expiresAt } }: { readonly token: TokenView }) {
  const { tokens: words } = texts.value;
  if (revokedAt !== undefined) return <Mark tone="ended" word={words.revoked} />;
  if (expiresAt !== undefined && expiresAt <= now.value) return <Mark tone="ended" word={words.expired} />;
  return <Mark tone="succeeded" word={words.valid} />;
}
