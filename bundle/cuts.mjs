/**
 * What the parser of a client of MQTT 3.1.1 and an MD5 of bytes never use of the two libraries. Every name must be
 * found: a new version of a library that has another shape fails the build, and someone looks.
 */
const CUTS = {
  // src/mqtt/codec.ts makes the packets that a client sends.
  "mqtt-packet/mqtt.js": assignments("exports", ["generate", "writeToStream"]),
  "mqtt-packet/constants.js": [
    declaration("Buffer"),
    ...assignments("protocol", ["codes", "properties", "propertiesCodes", "propertiesTypes"]),
    ...assignments(
      "protocol",
      ["PUBACK_PUBREC", "PUBREL_PUBCOMP", "SUBACK", "UNSUBACK", "DISCONNECT", "AUTH"].map(mqtt5Codes),
    ),
    ...assignments("protocol", [
      "CONNECT_HEADER",
      "PUBLISH_HEADER",
      "SUBSCRIBE_HEADER",
      "UNSUBSCRIBE_HEADER",
      "CONNACK_HEADER",
      "SESSIONPRESENT_HEADER",
      "SUBACK_HEADER",
    ]),
    ...assignments("protocol", ["CMD_MASK", "VARBYTEINT_MAX", "WILL_QOS_SHIFT", "ACKS", "EMPTY", "QOS"]),
    ...assignments(
      "protocol",
      ["USERNAME", "PASSWORD", "WILL_RETAIN", "WILL_QOS", "WILL_FLAG", "CLEAN_SESSION"].map((flag) => `${flag}_MASK`),
    ),
    ...assignments(
      "protocol",
      ["3", "4", "5", "131", "132"].map((version) => `VERSION${version}`),
    ),
    ...assignments(
      "protocol",
      ["QOS", "QOS_MASK", "NL", "NL_MASK", "NL_SHIFT", "RAP", "RAP_MASK", "RAP_SHIFT", "RH", "RH_MASK", "RH_SHIFT"].map(
        subscribeOption,
      ),
    ),
    ...["types", "properties"].map((table) => ({
      what: `loop over protocol.${table}`,
      matches: ({ type, right }) => type === "ForInStatement" && nameOf(right) === `protocol.${table}`,
    })),
    {
      what: "function genHeader",
      matches: ({ type, id }) => type === "FunctionDeclaration" && id.name === "genHeader",
    },
  ],
  "mqtt-packet/parser.js": [
    declaration("debug"),
    debugCalls(),
    version5(),
    ...cases(["connect", "subscribe", "unsubscribe", "auth"]),
    // It goes on as the next one does, PINGRESP: nobody looks into an UNSUBACK.
    {
      what: 'case "unsuback"',
      matches: ({ type, test }) => type === "SwitchCase" && test?.value === "unsuback",
      replacement: 'case "unsuback":',
    },
    ...methods([
      "Connect",
      "Subscribe",
      "Unsubscribe",
      "Unsuback",
      "Auth",
      "Properties",
      "ByType",
      "StringPair",
      "Buffer",
      "Byte",
      "4ByteNum",
    ]),
  ],
  "spark-md5/spark-md5.js": [
    ...assignments("SparkMD5", ["hash", "hashBinary", "ArrayBuffer.hash"]),
    ...assignments("SparkMD5.prototype", ["append", "appendBinary", "end", "reset", "getState", "setState", "destroy"]),
    ...assignments("SparkMD5.ArrayBuffer.prototype", ["getState", "setState", "destroy"]),
    {
      what: "check of add32",
      matches: (node) => node.type === "IfStatement" && nameOf(node.test.left?.callee) === "hex",
    },
    {
      what: "patch of ArrayBuffer",
      matches: (node) =>
        node.type === "IfStatement" && nameOf(node.test.right?.argument) === "ArrayBuffer.prototype.slice",
    },
  ],
};

/** Cuts the libraries down before they are bundled. */
export const cuts = {
  name: "cuts",
  transform(code, id) {
    const file = /\/node_modules\/((?:mqtt-packet|spark-md5)\/[^/?]+\.js)$/.exec(id)?.[1];
    const rules = file === undefined ? undefined : CUTS[file];
    if (rules === undefined) return null;
    return {
      code: cut(code, this.parse(code), rules, (what) =>
        this.error(`${file} has no ${what} any more: see bundle/cuts.mjs`),
      ),
      map: null,
    };
  },
};

/** @param missing called with what a rule did not find */
export function cut(code, tree, rules, missing) {
  const found = rules.map(() => 0);
  const edits = [];
  walk(tree, (node) => {
    const index = rules.findIndex((rule) => rule.matches(node));
    if (index < 0) return true;
    found[index]++;
    edits.push({ start: node.start, end: node.end, text: rules[index].replacement ?? "" });
    return false;
  });
  rules.forEach((rule, index) => found[index] === 0 && missing(rule.what));
  return edits.reduceRight((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

/** Depth first, in the order of the text; stops below a node for which `visit` says no. */
export function walk(node, visit) {
  if (!visit(node)) return;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === "string") walk(child, visit);
    }
  }
}

/** `a.b.c` of a chain of names. */
function nameOf(node) {
  if (node?.type === "Identifier") return node.name;
  if (node?.type !== "MemberExpression" || node.computed) return undefined;
  return `${nameOf(node.object)}.${node.property.name}`;
}

function subscribeOption(name) {
  return `SUBSCRIBE_OPTIONS_${name}`;
}

function mqtt5Codes(packet) {
  return `MQTT5_${packet}_CODES`;
}

function assignments(object, names) {
  return names.map((name) => ({
    what: `${object}.${name}`,
    matches: ({ type, expression }) =>
      type === "ExpressionStatement" &&
      expression.type === "AssignmentExpression" &&
      nameOf(expression.left) === `${object}.${name}`,
  }));
}

function cases(names) {
  return names.map((name) => ({
    what: `case "${name}"`,
    matches: ({ type, test }) => type === "SwitchCase" && test?.value === name,
  }));
}

function methods(names) {
  return names.map((name) => ({
    what: `method _parse${name}`,
    matches: ({ type, key }) => type === "MethodDefinition" && key.name === `_parse${name}`,
  }));
}

/** @param name what is taken from a module that is not needed then */
function declaration(name) {
  return {
    what: `declaration of ${name}`,
    matches: ({ type, declarations }) =>
      type === "VariableDeclaration" &&
      declarations.some(({ id }) => id.name === name || id.properties?.some(({ key }) => key.name === name)),
  };
}

function debugCalls() {
  return {
    what: "call of debug",
    matches: ({ type, expression }) => type === "ExpressionStatement" && nameOf(expression.callee) === "debug",
    replacement: ";",
  };
}

/** `version === 5`, whatever object it is of. */
function version5() {
  return {
    what: "comparison with version 5",
    matches: ({ type, operator, left, right }) =>
      type === "BinaryExpression" &&
      operator === "===" &&
      right.value === 5 &&
      /version$/i.test(nameOf(left) ?? thisName(left) ?? ""),
    replacement: "false",
  };
}

function thisName(node) {
  return node.type === "MemberExpression" ? node.property.name : undefined;
}
