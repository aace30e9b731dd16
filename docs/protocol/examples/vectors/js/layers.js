// The layers of the notes in plain JavaScript: what is held against the test vectors. Yours goes here.
// An array is { shape, data }, row-major; a column is a sample; the loss is the sum over the samples.
"use strict";

const at = (A, i, j) => A.data[i * A.shape[1] + j];

function matrix(rows, columns, entry) {
  const data = [];
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data.push(entry(i, j));
  return { shape: [rows, columns], data };
}

const vector = (rows, entry) => ({ shape: [rows], data: Array.from({ length: rows }, (_, i) => entry(i)) });
const scalar = (value) => ({ shape: [], data: [value] });

function sum(count, term) {
  let total = 0;
  for (let k = 0; k < count; k++) total += term(k);
  return total;
}

/** Z = W Y + b 1ᵀ */
function linear({ W, Y, b }) {
  const [m, n] = W.shape;
  return { Z: matrix(m, Y.shape[1], (i, j) => sum(n, (k) => at(W, i, k) * at(Y, k, j)) + b.data[i]) };
}

/** dW = dZ Yᵀ,  dY = Wᵀ dZ,  db = dZ 1 */
function linear_vjp({ W, Y, dZ }) {
  const [m, n] = W.shape;
  const samples = Y.shape[1];
  return {
    dW: matrix(m, n, (i, k) => sum(samples, (j) => at(dZ, i, j) * at(Y, k, j))),
    dY: matrix(n, samples, (k, j) => sum(m, (i) => at(W, i, k) * at(dZ, i, j))),
    db: vector(m, (i) => sum(samples, (j) => at(dZ, i, j))),
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

/** The largest entry of column j: subtracted before exp, so that nothing overflows. */
function largest(Z, j) {
  let most = -Infinity;
  for (let i = 0; i < Z.shape[0]; i++) most = Math.max(most, at(Z, i, j));
  return most;
}

/** S = exp Z / Σ exp Z, column by column */
function softmax({ Z }) {
  const [n, p] = Z.shape;
  const shifts = vector(p, (j) => largest(Z, j)).data;
  const E = matrix(n, p, (i, j) => Math.exp(at(Z, i, j) - shifts[j]));
  const totals = vector(p, (j) => sum(n, (i) => at(E, i, j))).data;
  return { S: matrix(n, p, (i, j) => at(E, i, j) / totals[j]) };
}

/** dZ = S ∘ (dS − 1 (1ᵀ (S ∘ dS))) */
function softmax_vjp({ Z, dS }) {
  const { S } = softmax({ Z });
  const [n, p] = S.shape;
  const inner = vector(p, (j) => sum(n, (i) => at(S, i, j) * at(dS, i, j))).data;
  return { dZ: matrix(n, p, (i, j) => at(S, i, j) * (at(dS, i, j) - inner[j])) };
}

/** L = −Σ P log S, where a class without a label costs nothing */
function cross_entropy({ S, P }) {
  return { L: scalar(-sum(P.data.length, (k) => (P.data[k] === 0 ? 0 : P.data[k] * Math.log(S.data[k])))) };
}

/** dS = −P / S */
function cross_entropy_vjp({ S, P }) {
  return { dS: matrix(...S.shape, (i, j) => (at(P, i, j) === 0 ? 0 : -at(P, i, j) / at(S, i, j))) };
}

/** L = −Σ P log softmax(Z), by the logarithm of the shifted sum: log 0 never arises */
function softmax_cross_entropy({ Z, P }) {
  const [n, p] = Z.shape;
  const of = (j) => {
    const shift = largest(Z, j);
    const logarithm = Math.log(sum(n, (i) => Math.exp(at(Z, i, j) - shift)));
    return sum(n, (i) => (at(P, i, j) === 0 ? 0 : at(P, i, j) * (at(Z, i, j) - shift - logarithm)));
  };
  return { L: scalar(-sum(p, of)) };
}

/** dZ = S·ΣP − P */
function softmax_cross_entropy_vjp({ Z, P }) {
  const { S } = softmax({ Z });
  const [n, p] = S.shape;
  const masses = vector(p, (j) => sum(n, (i) => at(P, i, j))).data;
  return { dZ: matrix(n, p, (i, j) => at(S, i, j) * masses[j] - at(P, i, j)) };
}

/** Linear layers with ReLU between them, softmax and cross-entropy: the loss, and all gradients */
function network_gradients({ weights, biases, X, P }) {
  const Ys = [X];
  const Zs = weights.map((W, k) => {
    const { Z } = linear({ W, Y: Ys[k], b: biases[k] });
    Ys.push(relu({ Z }).Y);
    return Z;
  });
  const last = { Z: Zs[Zs.length - 1], P };
  const dW = [];
  const db = [];
  let { dZ } = softmax_cross_entropy_vjp(last);
  for (let k = weights.length - 1; ; k--) {
    const layer = linear_vjp({ W: weights[k], Y: Ys[k], dZ });
    dW.unshift(layer.dW);
    db.unshift(layer.db);
    if (k === 0) return { loss: softmax_cross_entropy(last).L, dX: layer.dY, dW, db };
    dZ = relu_vjp({ Z: Zs[k - 1], dY: layer.dY }).dZ;
  }
}

module.exports = {
  linear,
  linear_vjp,
  relu,
  relu_vjp,
  softmax,
  softmax_vjp,
  cross_entropy,
  cross_entropy_vjp,
  softmax_cross_entropy,
  softmax_cross_entropy_vjp,
  network_gradients,
};
