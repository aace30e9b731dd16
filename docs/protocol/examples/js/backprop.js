#!/usr/bin/env node
// Backpropagation in JavaScript, offered to Backproof over its line protocol (docs/protocol/README.md).
//
//     backproof validate --exec "node backprop.js"
//
// A column is a sample; arrays lie in row-major order; the loss is the sum over the samples. Only float64 is offered.

"use strict";

// --- arrays: {shape, data}, data a Float64Array in row-major order ---------------------------------------------------

/** A matrix (m, n) whose entry (i, j) is entry(i, j). */
function matrix(m, n, entry) {
  const data = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data[i * n + j] = entry(i, j);
  return { shape: [m, n], data };
}

const vector = (m, entry) => ({ shape: [m], data: Float64Array.from({ length: m }, (_, i) => entry(i)) });
const number = (x) => ({ shape: [], data: [x] });
const at = (A, i, j) => A.data[i * A.shape[1] + j];

/** Σ term(k) for k < n. */
function sum(n, term) {
  let total = 0;
  for (let k = 0; k < n; k++) total += term(k);
  return total;
}

/** The largest entry of each column, subtracted before exp so that nothing overflows. */
function maxima(Z) {
  const [n, p] = Z.shape;
  return vector(p, (j) => Math.max(...vector(n, (i) => at(Z, i, j)).data)).data;
}

// --- the mathematics: each returns its outputs by name ---------------------------------------------------------------

/** Z = W Y + b 1ᵀ */
function linear({ W, Y, b }) {
  const [m, n] = W.shape;
  return { Z: matrix(m, Y.shape[1], (i, j) => sum(n, (k) => at(W, i, k) * at(Y, k, j)) + b.data[i]) };
}

/** dW = dZ Yᵀ,  dY = Wᵀ dZ,  db = dZ 1 */
function linear_vjp({ W, Y, dZ }) {
  const [m, n] = W.shape;
  const p = Y.shape[1];
  return {
    dW: matrix(m, n, (i, k) => sum(p, (j) => at(dZ, i, j) * at(Y, k, j))),
    dY: matrix(n, p, (k, j) => sum(m, (i) => at(W, i, k) * at(dZ, i, j))),
    db: vector(m, (i) => sum(p, (j) => at(dZ, i, j))),
  };
}

/** Y = max(Z, 0) */
function relu({ Z }) {
  return { Y: matrix(...Z.shape, (i, j) => Math.max(at(Z, i, j), 0)) };
}

/** dZ = dY ∘ 1[Z ≥ 0] */
function relu_vjp({ Z, dY }) {
  return { dZ: matrix(...Z.shape, (i, j) => (at(Z, i, j) >= 0 ? at(dY, i, j) : 0)) };
}

/** S = exp Z / Σ exp Z, column by column */
function softmax({ Z }) {
  const [n, p] = Z.shape;
  const largest = maxima(Z);
  const E = matrix(n, p, (i, j) => Math.exp(at(Z, i, j) - largest[j]));
  const sums = vector(p, (j) => sum(n, (i) => at(E, i, j))).data;
  return { S: matrix(n, p, (i, j) => at(E, i, j) / sums[j]) };
}

/** dZ = S ∘ (dS − 1 (1ᵀ (S ∘ dS))) */
function softmax_vjp({ Z, dS }) {
  const [n, p] = Z.shape;
  const { S } = softmax({ Z });
  const inner = vector(p, (j) => sum(n, (i) => at(S, i, j) * at(dS, i, j))).data;
  return { dZ: matrix(n, p, (i, j) => at(S, i, j) * (at(dS, i, j) - inner[j])) };
}

/** L = −Σ P log softmax(Z), through the logarithm of the shifted sum: log 0 never arises */
function softmax_cross_entropy({ Z, P }) {
  const [n, p] = Z.shape;
  const largest = maxima(Z);
  const logSums = vector(p, (j) => Math.log(sum(n, (i) => Math.exp(at(Z, i, j) - largest[j])))).data;
  const term = (i, j) => (at(P, i, j) === 0 ? 0 : at(P, i, j) * (at(Z, i, j) - largest[j] - logSums[j]));
  return { L: number(-sum(p, (j) => sum(n, (i) => term(i, j)))) };
}

/** dZ = S ΣP − P, which is S − P where a column of P sums to one */
function softmax_cross_entropy_vjp({ Z, P }) {
  const [n, p] = Z.shape;
  const { S } = softmax({ Z });
  const masses = vector(p, (j) => sum(n, (i) => at(P, i, j))).data;
  return { dZ: matrix(n, p, (i, j) => at(S, i, j) * masses[j] - at(P, i, j)) };
}

const FUNCTIONS = {
  linear,
  linear_vjp,
  relu,
  relu_vjp,
  softmax,
  softmax_vjp,
  softmax_cross_entropy,
  softmax_cross_entropy_vjp,
};

// --- the protocol ----------------------------------------------------------------------------------------------------

/** JavaScript spells infinity its own way, and String(-0) is "0": both would be other numbers. */
function text(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : String(x);
}

const NUMBERS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const read = ({ shape, data }) => ({ shape, data: Float64Array.from(data, (x) => NUMBERS[x] ?? Number(x)) });
const written = ({ shape, data }) => ({ dtype: "float64", shape, data: Array.from(data, text) });

/** The arrays of an object, each passed through change. */
const each = (arrays, change) => Object.fromEntries(Object.entries(arrays).map(([name, A]) => [name, change(A)]));

function answerTo(message) {
  if (message.type === "start") {
    const conventions = { limits: { dtypes: ["float64"] } };
    return { type: "started", protocol: 1, name: "backprop in JavaScript", functions: Object.keys(FUNCTIONS), conventions };
  }
  const seq = message.seq;
  const other = Object.values(message.arrays).find((A) => A.dtype !== "float64");
  if (other) return { type: "unsupported", seq, reason: `only float64 is offered, not ${other.dtype}` };
  try {
    return { type: "result", seq, arrays: each(FUNCTIONS[message.function](each(message.arrays, read)), written) };
  } catch (error) {
    return { type: "error", seq, message: String(error) };
  }
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const message = JSON.parse(line);
  if (message.type === "stop") lines.close();
  else process.stdout.write(`${JSON.stringify(answerTo(message))}\n`);
});
