/* Answers questions, one JSON line each, through the browser's interpreter. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  evaluate,
  isFalse,
  isTrue,
  roundHalfUp,
} from "../../renderers/static/js/expressions.js";

const path = new URL("cases.json", import.meta.url);
const { given, targets } = JSON.parse(readFileSync(path, "utf8"));
const ref = (row, fieldId, column) => targets[row[fieldId]]?.[column] ?? null;

function answer({ tree, row }) {
  const env = { row, given, ref };
  const value = evaluate(tree, env);
  if ((value === true) !== isTrue(tree, env) || (value === false) !== isFalse(tree, env)) {
    throw new Error(`isTrue or isFalse contradicts ${JSON.stringify(value)}`);
  }
  return value;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { round, ...question } = JSON.parse(line);
  const result = round ? roundHalfUp(...round) : answer(question);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
