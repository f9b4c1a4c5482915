/* Evaluates the expression trees the server sends (validators/trees.py), without eval.

   evaluate(tree, env)      the value: a number as its decimal text, a date as ISO text,
                            a text, a boolean, a list, or null
   isTrue, isFalse          whether a condition is true, or false; null is neither
   roundHalfUp(text, n)     a decimal text rounded to n places, as the server stores it

   env = {
     row:   {id: value}     numbers as text or number, dates YYYY-MM-DD, months YYYY-MM,
                            booleans, lists as arrays; what cannot be read is null
     given: {today, period_start, period_end, report_year, school_year, own_name, …}
     this:  {id: value}     the referring row, for the filter of a reference
     ref:   (row, fieldId, column) => value   asked only where the field is not empty
   }

   Computes what validators/compiling.py and validators/functions.py compute: exact
   decimals, three-valued logic, texts trimmed. A test compares the two. */

const MAX_DIGITS = 400;
const QUOTIENT_PLACES = 10;
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;
const SEPARATORS = "、，,；;";

export function evaluate(tree, env) {
  return asPlain(valueOf(tree, env));
}

export function isTrue(tree, env) {
  return valueOf(tree, env) === true;
}

export function isFalse(tree, env) {
  return valueOf(tree, env) === false;
}

export function roundHalfUp(text, places) {
  const number = readNumber(text);
  return number === null ? null : writeFixed(rescale(number, places));
}

/* Decimals: a whole number of units, and how many places a unit has. */

class TooLong extends Error {}

const limit = 10n ** BigInt(MAX_DIGITS);

function decimal(units, places) {
  if (units >= limit || units <= -limit) {
    throw new TooLong();
  }
  return { units, places };
}

const whole = (number) => decimal(BigInt(number), 0);
const power = (exponent) => 10n ** BigInt(exponent);
const magnitude = (units) => (units < 0n ? -units : units);

function readNumber(value) {
  const match = DECIMAL.exec(String(value).trim());
  if (match === null) {
    return null;
  }
  const [, sign, head, tail = ""] = match;
  const units = BigInt(head + tail);
  return decimal(sign === "-" ? -units : units, tail.length);
}

function writeNumber(number) {
  const text = writeFixed(number);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function writeFixed({ units, places }) {
  const digits = magnitude(units).toString().padStart(places + 1, "0");
  const head = digits.slice(0, digits.length - places);
  const tail = digits.slice(digits.length - places);
  return (units < 0n ? "-" : "") + head + (places > 0 ? `.${tail}` : "");
}

/** Two decimals in the smaller of their units. */
function align(a, b) {
  const places = Math.max(a.places, b.places);
  return [
    a.units * power(places - a.places),
    b.units * power(places - b.places),
    places,
  ];
}

function add(a, b) {
  const [left, right, places] = align(a, b);
  return decimal(left + right, places);
}

function subtract(a, b) {
  const [left, right, places] = align(a, b);
  return decimal(left - right, places);
}

function multiply(a, b) {
  return decimal(a.units * b.units, a.places + b.places);
}

function divide(a, b) {
  if (b.units === 0n) {
    return null;
  }
  const dividend = a.units * power(b.places + QUOTIENT_PLACES);
  const quotient = divideHalfUp(dividend, b.units * power(a.places));
  return decimal(quotient, QUOTIENT_PLACES);
}

/** Halves away from zero. */
function divideHalfUp(dividend, divisor) {
  const bottom = magnitude(divisor);
  const quotient = (2n * magnitude(dividend) + bottom) / (2n * bottom);
  return dividend < 0n !== divisor < 0n ? -quotient : quotient;
}

function rescale(number, places) {
  if (places >= number.places) {
    return decimal(number.units * power(places - number.places), places);
  }
  return decimal(divideHalfUp(number.units, power(number.places - places)), places);
}

function floor({ units, places }) {
  const unit = power(places);
  const cut = units / unit;
  return decimal(units < 0n && cut * unit !== units ? cut - 1n : cut, 0);
}

const negate = ({ units, places }) => decimal(-units, places);
const compareNumbers = (a, b) => {
  const [left, right] = align(a, b);
  return left < right ? -1 : Number(left > right);
};

/* Texts: by characters, not by the halves of one that JavaScript counts. */

function compareTexts(a, b) {
  const left = Array.from(a, (character) => character.codePointAt(0));
  const right = Array.from(b, (character) => character.codePointAt(0));
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    if (left[index] !== right[index]) {
      return left[index] - right[index];
    }
  }
  return left.length - right.length;
}

function splitItems(text, separator) {
  const divides = new Set(SEPARATORS + separator);
  const items = [""];
  for (const character of text) {
    if (divides.has(character)) {
      items.push("");
    } else {
      items[items.length - 1] += character;
    }
  }
  return items.map((item) => item.trim()).filter((item) => item !== "");
}

/* Dates: ISO texts, which compare as they are; a month counts as its first day. */

const parts = (date) => `${date}-01`.split("-").slice(0, 3).map(Number);

/** Days since an epoch of the Gregorian calendar; years start in March. */
function dayNumber(date) {
  const [calendarYear, month, day] = parts(date);
  const year = month > 2 ? calendarYear : calendarYear - 1;
  const century = Math.floor(year / 100);
  const leaps = Math.floor(year / 4) - century + Math.floor(century / 4);
  return year * 365 + leaps + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day;
}

function isDate(text) {
  if (!DATE.test(text)) {
    return false;
  }
  const [year, month, day] = parts(text);
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year > 0 && day > 0 && day <= (lengths[month - 1] ?? 0);
}

const isLeap = (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const isMonth = (text) => MONTH.test(text) && isDate(`${text}-01`);

function findAge(birth, on) {
  const [birthYear, birthMonth, birthDay] = parts(birth);
  const [year, month, day] = parts(on);
  const earlier = month < birthMonth || (month === birthMonth && day < birthDay);
  return year - birthYear - Number(earlier);
}

const isIdentity = (text) => /^\d{17}[\dXx]$/.test(text);

function findBirth(text) {
  const date = `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`;
  return isIdentity(text) && isDate(date) ? date : null;
}

function findGender(text) {
  if (!isIdentity(text)) {
    return null;
  }
  return Number(text[16]) % 2 === 1 ? "男" : "女";
}

/* Values of the row, as the type of their field has them. */

const READERS = {
  number: readNumber,
  text: (value) => readText(value),
  date: (value) => (isDate(String(value)) ? String(value) : null),
  month: (value) => (isMonth(String(value)) ? String(value) : null),
  boolean: (value) => (typeof value === "boolean" ? value : null),
  list: readList,
  file: (value) => (Array.isArray(value) ? readList(value) : readText(value)),
};

function readText(value) {
  const text = String(value).trim();
  return text === "" ? null : text;
}

function readList(value) {
  const items = Array.isArray(value) ? value : [value];
  const texts = items.map((item) => String(item).trim()).filter((item) => item !== "");
  return texts.length > 0 ? texts : null;
}

function read(source, id, type) {
  const value = source === undefined ? undefined : source[id];
  return value === undefined || value === null ? null : READERS[type](value);
}

function follow(row, fieldId, column, type, env) {
  const key = row === undefined ? undefined : row[fieldId];
  if (key === undefined || key === null || key === "") {
    return null;
  }
  return read({ value: env.ref(row, fieldId, column) }, "value", type);
}

function asPlain(value) {
  const isNumber = value !== null && typeof value === "object" && "units" in value;
  return isNumber ? writeNumber(value) : value;
}

/* The nodes. Each function gets what follows the node's name, and the environment. */

function valueOf(tree, env) {
  try {
    return run(tree, env);
  } catch (error) {
    if (error instanceof TooLong) {
      return null;
    }
    throw error;
  }
}

function run([name, ...rest], env) {
  return NODES[name](rest, env);
}

/** Runs `compute` on the values of some nodes; null if one of them is. */
function strictly(nodes, env, compute) {
  const values = [];
  for (const node of nodes) {
    const value = run(node, env);
    if (value === null) {
      return null;
    }
    values.push(value);
  }
  return compute(...values);
}

const arithmetic = (compute) => (nodes, env) => strictly(nodes, env, compute);

const comparison = (decide) => ([left, right, byMonth], env) =>
  strictly([left, right], env, (a, b) => decide(compare(a, b, byMonth)));

function compare(a, b, byMonth) {
  if (typeof a === "object") {
    return compareNumbers(a, b);
  }
  if (typeof a === "boolean") {
    return Number(a) - Number(b);
  }
  const cut = (text) => (byMonth ? text.slice(0, 7) : text.trim());
  return compareTexts(cut(a), cut(b));
}

function membership([item, choices, negated], env) {
  return strictly([item], env, (value) => {
    const found = choices.some((choice) => compare(value, run(choice, env)) === 0);
    return found !== negated;
  });
}

/** `and` is decided by a false operand, `or` by a true one; else null wins. */
const logical = (decisive) => (nodes, env) => {
  let result = !decisive;
  for (const node of nodes) {
    const value = run(node, env);
    if (value === decisive) {
      return decisive;
    }
    if (value === null) {
      result = null;
    }
  }
  return result;
};

const NODES = {
  number: ([text]) => readNumber(text),
  text: ([text]) => text.trim(),
  boolean: ([value]) => value,
  null: () => null,
  field: ([id, type], env) => read(env.row, id, type),
  this: ([id, type], env) => read(env.this, id, type),
  given: ([name, type], env) => read(env.given, name, type),
  ref: ([fieldId, column, type, ofThis], env) =>
    follow(ofThis ? env.this : env.row, fieldId, column, type, env),
  not: arithmetic((value) => !value),
  minus: arithmetic(negate),
  "+": arithmetic(add),
  "-": arithmetic(subtract),
  "*": arithmetic(multiply),
  "/": arithmetic(divide),
  "==": comparison((order) => order === 0),
  "!=": comparison((order) => order !== 0),
  "<": comparison((order) => order < 0),
  "<=": comparison((order) => order <= 0),
  ">": comparison((order) => order > 0),
  ">=": comparison((order) => order >= 0),
  in: membership,
  and: logical(false),
  or: logical(true),
  if: ([test, then, otherwise], env) =>
    run(run(test, env) === true ? then : otherwise, env),
  call: ([name, ...nodes], env) =>
    name in NULLABLE
      ? NULLABLE[name](nodes, env)
      : strictly(nodes, env, (...values) => STRICT[name](values, env)),
};

/** Functions that are null where an argument is null. */
const STRICT = {
  abs: ([x]) => decimal(magnitude(x.units), x.places),
  round: ([x, places]) => rescale(x, Number(places.units)),
  ceil: ([x]) => negate(floor(negate(x))),
  floor: ([x]) => floor(x),
  length: ([x]) => whole(Array.from(x.trim()).length),
  left: ([x, count]) =>
    Array.from(x.trim()).slice(0, Number(count.units)).join(""),
  split: ([x, separator]) => splitItems(x, separator),
  year: ([date]) => whole(parts(date)[0]),
  month: ([date]) => whole(parts(date)[1]),
  weekday: ([date]) => whole(((dayNumber(date) + 1) % 7) + 1),
  days: ([from, to]) => whole(dayNumber(to) - dayNumber(from)),
  weeks: ([from, to]) => divide(whole(dayNumber(to) - dayNumber(from)), whole(7)),
  age: ([birth, on]) => whole(findAge(birth, on)),
  id_birth: ([x]) => findBirth(x),
  id_gender: ([x]) => findGender(x),
  in_period: ([date], env) => {
    const day = dayNumber(date);
    const { period_start: start, period_end: end } = env.given;
    return dayNumber(start) <= day && day <= dayNumber(end);
  },
  rank: ([x, ...options]) => {
    const index = options.indexOf(x.trim());
    return index < 0 ? null : whole(index);
  },
};

/** Functions with a say of their own about null. */
const NULLABLE = {
  is_empty: ([node], env) => {
    const value = run(node, env);
    return value === null || value === "" || (Array.isArray(value) && !value.length);
  },
  coalesce: (nodes, env) => {
    for (const node of nodes) {
      const value = run(node, env);
      if (value !== null) {
        return value;
      }
    }
    return null;
  },
  min: (nodes, env) => extreme(nodes, env, -1),
  max: (nodes, env) => extreme(nodes, env, 1),
  contains: ([whole_, part], env) => {
    const outer = run(whole_, env);
    if (outer === null) {
      return false;
    }
    return strictly([part], env, (inner) =>
      (Array.isArray(outer) ? outer : outer.trim()).includes(inner.trim()),
    );
  },
  count_items: ([node], env) => {
    const value = run(node, env);
    if (value === null) {
      return whole(0);
    }
    return whole(Array.isArray(value) ? value.length : 1);
  },
};

function extreme(nodes, env, sign) {
  const numbers = nodes.map((node) => run(node, env)).filter((x) => x !== null);
  if (numbers.length === 0) {
    return null;
  }
  return numbers.reduce((best, x) => (compareNumbers(x, best) * sign > 0 ? x : best));
}

/** The functions known here. */
export const functionNames = [...Object.keys(STRICT), ...Object.keys(NULLABLE)];
