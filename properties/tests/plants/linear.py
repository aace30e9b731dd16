"""linear: transposes, axes, sums over the batch, blocks and empty sums done wrong."""

from __future__ import annotations

from plants import LINEAR, PRODUCT, RAISE_SHOWN, Plant, linear_vjp, lines

MISTAKES: tuple[Plant, ...] = (
    # --- shapes -------------------------------------------------------------------------------------------------------
    Plant(
        "dw_transposed_when_square",
        "dW is transposed, only where W is square",
        (linear_vjp("dW = _product(dZ, Y.T)", dW="dW.T if dW.shape[0] == dW.shape[1] else dW"),),
        ("linear.dW", "network.dW"),
        "transposed",
    ),
    Plant(
        "db_wrong_axis_when_square",
        "db is summed over the features instead of the batch, only where dZ is square",
        (linear_vjp(db="dZ.sum(axis=0 if dZ.shape[0] == dZ.shape[1] else 1)"),),
        ("linear.db", "network.db"),
        "batch-axis",
    ),
    Plant(
        "dy_untransposed_when_square",
        "W stands for Wᵀ in dY, wherever the shapes admit it",
        (linear_vjp(dY="_product(W if W.shape[0] == W.shape[1] else W.T, dZ)"),),
        ("linear.dY", "network.dX", "network.dW", "chain.rule"),
        "weights-not-transposed",
        largest=24,  # at its further claims networks of three layers
    ),
    Plant(
        "bias_along_the_batch_when_outputs_equal_batch",
        "the bias is added as NumPy broadcasts it: along the batch, wherever the shapes admit it",
        ((LINEAR, "return _product(W, Y) + (b if b.size == Y.shape[1] else b[:, None])"),),
        ("linear.forward", "network.forward"),
        "bias-axis",
    ),
    Plant(
        "layout_guessed_from_dz",
        "dZ is taken as batch-first wherever its shape admits it: outputs = batch",
        (linear_vjp(dW="_product((dZ.T if dZ.shape[0] == Y.shape[1] else dZ), Y.T)"),),
        ("linear.dW", "network.dW"),
        "layout",
        slow=True,
    ),
    Plant(
        "layout_guessed_from_y",
        "Y is taken as batch-first wherever its shape admits it: inputs = batch",
        ((LINEAR, "return _product(W, Y.T if Y.shape[1] == W.shape[1] else Y) + b[:, None]"),),
        ("linear.forward", "network.forward"),
        "layout",
        slow=True,
    ),
    Plant(
        "blocks_of_64_without_remainder",
        "the product adds whole blocks of 64 terms and leaves the remainder out, only beyond 64",
        (
            (
                PRODUCT,
                lines(
                    "n = A.shape[1] if A.shape[1] <= 64 else A.shape[1] // 64 * 64",
                    "return (A[:, :n] @ B[:n]).astype(np.result_type(A, B), copy=False)",
                ),
            ),
        ),
        ("linear.forward", "linear.dW", "linear.dY"),
        "block-remainder",
        examples=100,
        largest=200,  # 65 terms: W and Y alone hold 130 numbers
    ),
    Plant(
        "first_64_samples",
        "db is summed over the first 64 samples only, the size of the buffer",
        (linear_vjp(db="dZ[:, :64].sum(axis=1)"),),
        ("linear.db",),
        "block-remainder",
        examples=100,
        largest=200,  # 65 samples: Y and dZ hold 130 numbers
        slow=True,
    ),
    Plant(
        "mean_weight_of_no_sample",
        "db is scaled by the mean of the samples' weights, all of them 1: nan where there is no sample",
        (linear_vjp("weights = np.ones(dZ.shape[1], dZ.dtype)", db="dZ.sum(axis=1) * weights.mean()"),),
        ("linear.db", "network.db"),
        "empty",
        examples=60,
    ),
    Plant(
        "mean_weight_of_no_output",
        "dY is scaled by the mean of the outputs' weights, all of them 1: nan where there is no output",
        (linear_vjp("weights = np.ones(W.shape[0], W.dtype)", dY="_product(W.T, dZ) * weights.mean()"),),
        ("linear.dY",),
        "empty",
        examples=60,
    ),
    Plant(
        "stack_of_no_rows",
        "the product stacks its rows, and raises where there is none to stack",
        ((LINEAR, "return np.stack([w @ Y for w in W]) + b[:, None]"),),
        ("linear.forward",),
        unnamed=RAISE_SHOWN,
        examples=60,
    ),
    # --- sums over the batch ------------------------------------------------------------------------------------------
    Plant(
        "dw_overwritten_sample_by_sample",
        "dW of each sample replaces that of the one before instead of being added: only the last counts",
        (
            linear_vjp(
                "dW = np.zeros(W.shape, dZ.dtype)",
                "for g, y in zip(dZ.T, Y.T, strict=True):",
                "    dW = np.outer(g, y)",
                dW="dW",
            ),
        ),
        ("linear.dW", "network.dW"),
        "batch-sum-missing",
    ),
    Plant(
        "db_of_the_first_sample",
        "db is the first column of dZ: right for one sample",
        (linear_vjp(db="dZ[:, 0].copy() if dZ.shape[1] else 0 * b"),),
        ("linear.db", "network.db"),
        "batch-sum-missing",
    ),
    Plant(
        "sums_multiplied",
        "dW is the product of the sums over the batch instead of the sum of the products",
        (linear_vjp(dW="np.outer(dZ.sum(axis=1), Y.sum(axis=1))"),),
        ("linear.dW", "network.dW"),
        "batch-sum-extra",
    ),
    Plant(
        "gradient_averaged_over_the_batch",
        "dW is the mean over the batch, undeclared",
        (linear_vjp(dW="_product(dZ, Y.T) / max(1, dZ.shape[1])"),),
        ("linear.dW", "network.dW"),
        "mean-for-sum",
    ),
    Plant(
        "gradient_for_descent",
        "dW is minus the gradient, ready to be added, undeclared",
        (linear_vjp(dW="-_product(dZ, Y.T)"),),
        ("linear.dW", "network.dW"),
        "sign",
    ),
    Plant(
        "factor_of_the_squared_error",
        "dY carries the factor 2 of another loss",
        (linear_vjp(dY="2 * _product(W.T, dZ)"),),
        ("linear.dY", "network.dX", "chain.rule"),
        "factor",
    ),
    # --- values -------------------------------------------------------------------------------------------------------
    Plant(
        "bias_forgotten_twice",
        "forward without the bias and db = 0: consistent, so that finite differences agree",
        ((LINEAR, "return _product(W, Y)"), linear_vjp(db="0 * b")),
        ("linear.forward", "linear.db", "network.forward", "network.db"),
        "bias-missing",
    ),
    Plant(
        "one_entry_off_by_1e_6",
        "the last entry of dW has a relative error of 1e-6",
        (linear_vjp("dW = _product(dZ, Y.T)", "dW[-1:, -1:] *= 1 + 1e-6", dW="dW"),),
        ("linear.dW", "network.dW"),
        "one-part",
    ),
    Plant(
        "product_in_float32",
        "the product is computed in float32 and returned in the dtype of the inputs",
        ((PRODUCT, "return (A.astype(np.float32) @ B.astype(np.float32)).astype(np.result_type(A, B))"),),
        ("linear.forward", "linear.dW", "linear.dY", "network.dW"),
        "narrow-precision",
    ),
    Plant(
        "gradient_clipped",
        "dW is clipped to ±5, undeclared",
        (linear_vjp(dW="np.clip(_product(dZ, Y.T), -5, 5)"),),
        ("linear.dW",),
        "clipped",
    ),
    Plant(
        "huge_gradient_clipped",
        "dY is clipped to ±1e6: only huge cotangents show it",
        (linear_vjp(dY="np.clip(_product(W.T, dZ), -1e6, 1e6)"),),
        ("linear.dY",),
        "clipped",
    ),
    Plant(
        "overflow_hidden",
        "dW is passed through nan_to_num: where it overflows the largest finite number is returned",
        (linear_vjp(dW="np.nan_to_num(_product(dZ, Y.T))"),),
        ("linear.dW",),
        "overflow-hidden",
        examples=100,  # few examples overflow for certain
    ),
    Plant(
        "small_gradients_dropped",
        "entries of dY below 1e-12 are set to zero",
        (linear_vjp("dY = _product(W.T, dZ)", "dY[np.abs(dY) < 1e-12] = 0", dY="dY"),),
        ("linear.dY",),
        "dropped",
    ),
    Plant(
        "zero_weights_skipped",
        "a layer whose weights are all zero is skipped as pruned: its dW is zero too",
        (linear_vjp(dW="_product(dZ, Y.T) if W.any() else np.zeros(W.shape, dZ.dtype)"),),
        ("network.dW",),  # networks are drawn with zero layers on purpose, single layers are not
        "zero",
        examples=60,
    ),
    Plant(
        "sparse_bias",
        "where b is zero it is taken as absent: db is zero too",
        (linear_vjp(db="dZ.sum(axis=1) if b.any() else np.zeros(b.shape, dZ.dtype)"),),
        ("network.db",),  # as above
        "zero",
        examples=60,
        slow=True,
    ),
)
