"""Other people's code as a target.

    per_sample(f)                      code for one sample                    → the same, over the columns of a batch
    from_forward_backward(linear=…)    layer.forward(Y), layer.backward(dZ)   → linear, linear_vjp, …
    from_torch(f), from_jax(f)         f(X, g, eps=…), differentiated by the library → rms_norm and rms_norm_vjp
    from_update(step)                  step(weights, biases, X, P, rate)      → network_gradients
    bias_shape(target, "column")       b and db of shape (m, 1) or (1, m)     → (m,)

All but ``per_sample`` of a function, and what is differentiated, return a dict, which is a target; each takes what
another returned. Nothing is repaired on the way: shapes are required, never broadcast, and dtypes are left as they are.
"""
