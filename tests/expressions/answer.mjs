/* Answers questions, one JSON line each, through the browser's interpreter. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  evaluate,
  functionNames,
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

/** The value of each tree in each row. */
function answerEach({ trees, rows, days }) {
  const places = rows.map((row) => ({ row, given: days ?? given, ref }));
  return trees.map((tree) => places.map((env) => evaluate(tree, env)));
}

function reply({ round, functions, ...question }) {
  if (functions) {
    return functionNames;
  }
  if (round) {
    return roundHalfUp(...round);
  }
  return question.trees ? answerEach(question) : answer(question);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(reply(JSON.parse(line)))}\n`);
}
