// Holds layers.js against certified test vectors in float64: node check.js linear.json softmax.json
"use strict";

const { readFileSync } = require("node:fs");
const layers = require("./layers.js");

/** "0x1.8p+1" is 3: a whole number of 16ths times a power of two, every step of which is exact. */
function number(text) {
  const found = /^(-?)0x(\w+)\.?(\w*)p(.*)$/.exec(text);
  if (found === null) return { inf: Infinity, "-inf": -Infinity }[text] ?? Number(text);
  const [, sign, whole, rest, exponent] = found;
  return parseInt(sign + whole + rest, 16) * 2 ** (Number(exponent) - 4 * rest.length);
}

/** An array, or a list of them as networks have, with numbers. */
function read(value) {
  return Array.isArray(value) ? value.map(read) : { shape: value.shape, data: value.data.map(number) };
}

/** What is wrong with an output, or with a list of them: the first entry that is not within its bounds. */
function wrong(name, found, expected) {
  if (Array.isArray(expected)) return expected.map((each, k) => wrong(`${name}[${k}]`, found[k], each)).find(Boolean);
  const { low, high } = expected.bounds.float64;
  const k = low.findIndex((least, k) => {
    const y = found.data[k];
    return least !== null && !(number(least) <= y && y <= number(high[k])); // null: nothing is claimed
  });
  return k < 0 ? undefined : `${name}, entry ${k}: ${found.data[k]}, expected ${expected.exact[k]}`;
}

let tried = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  const file = JSON.parse(readFileSync(path, "utf8"));
  for (const { function: name, dtype, arguments: given, outputs, catches } of file.cases) {
    if (dtype !== "float64" || !(name in layers)) continue;
    tried += 1;
    const inputs = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, read(value)]));
    const results = layers[name](inputs);
    const said = Object.keys(outputs).map((key) => wrong(key, results[key], outputs[key])).find(Boolean);
    if (said === undefined) continue;
    failed += 1;
    console.log(`${name}.${said} (${file.mistakes[catches[0]]?.words ?? "anything"}?)`);
  }
}
console.log(`${failed} of ${tried} cases are wrong`);
process.exit(failed > 0 || tried === 0 ? 1 : 0);
