"""The price of an Asian call in JAX, to time beside a compiled program."""

from __future__ import annotations

import time
from typing import Any


def in_jax(market: list[float], strikes: list[float], noise: Any) -> float:
    """Return the seconds that JAX takes, once it has compiled the same formula of arrays."""
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def mean_price(inputs: Any, strike: Any, noise: Any) -> Any:
        spot, volatility, rate, years = inputs
        day, n = years / noise.shape[1], jnp.arange(1, noise.shape[1] + 1)
        drift, spread = (rate - 0.5 * volatility**2) * day, volatility * day**0.5
        prices = jnp.exp(drift * n + spread * jnp.cumsum(noise, axis=1))
        return jnp.mean(jnp.exp(-rate * years) * jax.nn.relu(spot * prices.mean(1) - strike))

    greeks = jax.jit(jax.value_and_grad(mean_price, (0, 1)))
    jax.block_until_ready(greeks(market, 100.0, noise))
    start = time.perf_counter()
    for strike in strikes:
        jax.block_until_ready(greeks(market, strike, noise))
    return time.perf_counter() - start
