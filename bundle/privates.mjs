import { walk } from "./cuts.mjs";

/** An application may extend it: a member of its own must not replace one of ours. */
const OPEN = ["OtaAgent"];

/**
 * Private fields, methods and accessors become ordinary ones, under names that the minifier makes short. XS takes two
 * slots for a private field, and one for an ordinary one. It keeps a slot for each private method in every instance, and
 * has the method point to the instance that was made last, which is never collected then.
 *
 * Classes that extend another stay as they are: what they extend may come from another bundle, and have a member of that
 * name.
 */
export const privates = {
  name: "privates",
  transform(code, id) {
    return /\.ts$/.test(id) ? { code: withoutPrivateNames(code, this.parse(code)), map: null } : null;
  },
};

/** @param tree of `code` */
export function withoutPrivateNames(code, tree) {
  const edits = [];
  inClass(tree, [], edits);
  return edits
    .sort((left, right) => right.start - left.start)
    .reduce((text, { start, end, name }) => `${text.slice(0, start)}_${name}${text.slice(end)}`, code);
}

/** @param scopes of the classes around, innermost first: for each private name whether it is to be an ordinary one */
function inClass(node, scopes, edits) {
  walk(node, (inner) => {
    if (inner.type === "PrivateIdentifier" && scopes.find((scope) => scope.has(inner.name))?.get(inner.name)) {
      edits.push(inner);
    }
    if (inner === node || !/^Class/.test(inner.type) || inner.type === "ClassBody") return true;
    inClass(inner, [privateNames(inner), ...scopes], edits);
    return false;
  });
}

function privateNames({ superClass, id, body }) {
  const closed = superClass === null && !OPEN.includes(id?.name);
  const members = body.body.filter(({ key }) => key?.type === "PrivateIdentifier");
  return new Map(members.map((member) => [member.key.name, closed && !member.static]));
}
