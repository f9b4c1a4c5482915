/**
 * What follows from a row's values while one types: which fields are shown and needed,
 * computed values, broken rules. The server decides; this only shows it earlier.
 */
import { evaluate, isFalse, isTrue, roundHalfUp } from "./expressions.js";
import { toValue } from "./values.js";

/**
 * @param {object} form the page's data block
 * @param {object} texts texts by field id; of given fields what the server computed
 * @returns {{hidden: Map<string, boolean>, computed: Map<string, *>,
 *   required: Map<string, boolean>, broken: object[]}}
 */
export function follow(form, texts) {
  const row = {};
  for (const [id, field] of Object.entries(form.fields)) row[id] = toValue(field, texts[id] ?? "");
  const env = { row, given: form.given, this: {}, ref: () => null };
  const hidden = new Map();
  const computed = new Map();
  for (const { kind, field, tree } of form.steps) {
    if (kind === "visible") hidden.set(field, !ask(isTrue, tree, env));
    else computed.set(field, settle(form.fields[field], ask(evaluate, tree, env)));
    if (kind !== "visible") row[field] = computed.get(field);
    if (hidden.get(field)) row[field] = null;
  }
  const required = new Map(
    Object.entries(form.required).map(([id, tree]) => [id, ask(isTrue, tree, env)]),
  );
  return { hidden, computed, required, broken: form.rules.filter((rule) => isBroken(rule, env)) };
}

/** The rules among `form.rules` that a page judges itself, by their kind. */
export function liveKinds(form) {
  return new Set(form.rules.map(({ id }) => `rule:${id}`));
}

function isBroken({ check, when }, env) {
  return (!when || ask(isTrue, when, env) === true) && ask(isFalse, check, env) === true;
}

/** What is too long to compute is null, as on the server. */
function ask(question, tree, env) {
  try {
    return question(tree, env);
  } catch {
    return null;
  }
}

function settle(field, value) {
  if (value === null || value === undefined) return null;
  if (field.type !== "number") return value;
  return roundHalfUp(value, field.places ?? 0);
}
