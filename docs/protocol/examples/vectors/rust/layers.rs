//! The layers of the notes in plain Rust: what is held against the test vectors. Yours goes here.
//! Arrays are row-major; a column is a sample; a vector has one column, a number one entry.

pub struct Array {
    pub rows: usize,
    pub columns: usize,
    pub data: Vec<f64>,
}

pub type Function = fn(&[Array]) -> Vec<Array>;

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("linear", linear),
    ("linear_vjp", linear_vjp),
    ("relu", relu),
    ("relu_vjp", relu_vjp),
    ("softmax", softmax),
    ("softmax_vjp", softmax_vjp),
    ("cross_entropy", cross_entropy),
    ("cross_entropy_vjp", cross_entropy_vjp),
    ("softmax_cross_entropy", softmax_cross_entropy),
    ("softmax_cross_entropy_vjp", softmax_cross_entropy_vjp),
];

impl Array {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.columns + j]
    }
}

fn array(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Array {
    let places = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
    Array { rows, columns, data: places.map(|(i, j)| entry(i, j)).collect() }
}

/// Σ of the terms; of none it is 0, not −0.
fn sum(count: usize, term: impl Fn(usize) -> f64) -> f64 {
    (0..count).map(term).fold(0.0, |total, each| total + each)
}

/// Z = W Y + b 1ᵀ
fn linear(given: &[Array]) -> Vec<Array> {
    let (W, Y, b) = (&given[0], &given[1], &given[2]);
    vec![array(W.rows, Y.columns, |i, j| sum(W.columns, |k| W.at(i, k) * Y.at(k, j)) + b.data[i])]
}

/// dW = dZ Yᵀ,  dY = Wᵀ dZ,  db = dZ 1
fn linear_vjp(given: &[Array]) -> Vec<Array> {
    let (W, Y, dZ) = (&given[0], &given[1], &given[3]);
    let samples = dZ.columns;
    vec![
        array(W.rows, W.columns, |i, k| sum(samples, |j| dZ.at(i, j) * Y.at(k, j))),
        array(Y.rows, Y.columns, |k, j| sum(W.rows, |i| W.at(i, k) * dZ.at(i, j))),
        array(W.rows, 1, |i, _| sum(samples, |j| dZ.at(i, j))),
    ]
}

/// Y = max(Z, 0)
fn relu(given: &[Array]) -> Vec<Array> {
    let Z = &given[0];
    vec![array(Z.rows, Z.columns, |i, j| Z.at(i, j).max(0.0))]
}

/// dZ = dY ∘ 1[Z ≥ 0]
fn relu_vjp(given: &[Array]) -> Vec<Array> {
    let (Z, dY) = (&given[0], &given[1]);
    vec![array(Z.rows, Z.columns, |i, j| if Z.at(i, j) >= 0.0 { dY.at(i, j) } else { 0.0 })]
}

/// The largest entry of column j: subtracted before exp, so that nothing overflows.
fn largest(Z: &Array, j: usize) -> f64 {
    (0..Z.rows).map(|i| Z.at(i, j)).fold(f64::NEG_INFINITY, f64::max)
}

/// S = exp Z / Σ exp Z, column by column
fn softmax(given: &[Array]) -> Vec<Array> {
    let Z = &given[0];
    let shifts: Vec<f64> = (0..Z.columns).map(|j| largest(Z, j)).collect();
    let E = array(Z.rows, Z.columns, |i, j| (Z.at(i, j) - shifts[j]).exp());
    let totals: Vec<f64> = (0..Z.columns).map(|j| sum(Z.rows, |i| E.at(i, j))).collect();
    vec![array(Z.rows, Z.columns, |i, j| E.at(i, j) / totals[j])]
}

/// dZ = S ∘ (dS − 1 (1ᵀ (S ∘ dS)))
fn softmax_vjp(given: &[Array]) -> Vec<Array> {
    let (S, dS) = (&softmax(given)[0], &given[1]);
    let inner: Vec<f64> = (0..S.columns).map(|j| sum(S.rows, |i| S.at(i, j) * dS.at(i, j))).collect();
    vec![array(S.rows, S.columns, |i, j| S.at(i, j) * (dS.at(i, j) - inner[j]))]
}

/// L = −Σ P log S, where a class without a label costs nothing
fn cross_entropy(given: &[Array]) -> Vec<Array> {
    let (S, P) = (&given[0], &given[1]);
    let term = |k: usize| if P.data[k] != 0.0 { P.data[k] * S.data[k].ln() } else { 0.0 };
    vec![array(1, 1, |_, _| -sum(P.data.len(), term))]
}

/// dS = −P / S
fn cross_entropy_vjp(given: &[Array]) -> Vec<Array> {
    let (S, P) = (&given[0], &given[1]);
    vec![array(S.rows, S.columns, |i, j| if P.at(i, j) != 0.0 { -P.at(i, j) / S.at(i, j) } else { 0.0 })]
}

/// L = −Σ P log softmax(Z), by the logarithm of the shifted sum: log 0 never arises
fn softmax_cross_entropy(given: &[Array]) -> Vec<Array> {
    let (Z, P) = (&given[0], &given[1]);
    let of = |j: usize| {
        let shift = largest(Z, j);
        let logarithm = sum(Z.rows, |i| (Z.at(i, j) - shift).exp()).ln();
        let term = |i: usize| if P.at(i, j) != 0.0 { P.at(i, j) * (Z.at(i, j) - shift - logarithm) } else { 0.0 };
        sum(Z.rows, term)
    };
    vec![array(1, 1, |_, _| -sum(Z.columns, of))]
}

/// dZ = S·ΣP − P
fn softmax_cross_entropy_vjp(given: &[Array]) -> Vec<Array> {
    let (S, P) = (&softmax(given)[0], &given[1]);
    let masses: Vec<f64> = (0..P.columns).map(|j| sum(P.rows, |i| P.at(i, j))).collect();
    vec![array(P.rows, P.columns, |i, j| S.at(i, j) * masses[j] - P.at(i, j))]
}
