"""Price options with all their Greeks, from formulas written in scalars.

The value of a call by Black and Scholes (1973) is a formula: compiled, its gradient and its
Hessian serve a thousand options at once. An Asian call pays by the mean of 252 daily prices: the
mean of its gradient over 1,000 random paths is the gradient of a quarter million prices.
Run it:  python -m demos greeks          (some seconds; --jax times JAX beside it)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from autograd_mini import Value, compile, erf, exp, grad, hessian, log, mean, relu
from demos._jax import in_jax

SMALL = {"options": 10, "paths": 20, "days": 10, "trades": 2}
NAMES = ("spot", "volatility", "rate", "years")
MARKET = [100.0, 0.2, 0.05, 1.0]


def normal(x: Any) -> Any:
    """Return the probability that a standard normal number is below x."""
    return 0.5 * (1.0 + erf(x / 2.0**0.5))


def call(market: Sequence[Any], strike: float = 100.0) -> Any:
    spot, volatility, rate, years = market
    spread = volatility * years**0.5
    d = (log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    return spot * normal(d) - strike * exp(-rate * years) * normal(d - spread)


def asian(market: Sequence[Any], strike: Any, noise: Sequence[Any]) -> Any:
    """Return what one path is worth today; its noise is a standard normal number a day."""
    spot, volatility, rate, years = market
    day = years / len(noise)
    drift, spread = (rate - 0.5 * volatility**2) * day, volatility * day**0.5
    walk = list(accumulate(noise, initial=0.0))
    prices = [exp(drift * n + spread * w) for n, w in enumerate(walk)][1:]
    return exp(-rate * years) * relu(spot * mean(prices) - strike)


def main(
    options: int = 1000, paths: int = 1000, days: int = 252, trades: int = 100, jax: bool = False
) -> None:
    rng = np.random.default_rng(0)
    markets = rng.uniform(0.8, 1.2, (options, 4)) * MARKET
    first, second = compile(grad(call), MARKET), compile(hessian(call), MARKET)
    gamma = second(markets)[:, 0, 0]
    shift = np.array([1e-3, 0.0, 0.0, 0.0])
    up, down = first(markets + shift)[:, 0], first(markets - shift)[:, 0]
    print(f"Black and Scholes, {options} options: gamma of the first {gamma[0]:.6f}")
    print(f"farthest from differences of delta: {abs(gamma - (up - down) / 2e-3).max():.0e}\n")

    market = [Value(x, name) for x, name in zip(MARKET, NAMES, strict=True)]
    strike, noise = Value(100.0, "strike"), rng.normal(size=(paths, days))
    program = compile(lambda z: asian(market, strike, z), noise[0])
    value, greeks = program.value_and_grad(noise)
    print(f"Asian call, mean of {paths} paths of {days} days: {value:.4f}")
    for p, greek in zip(program.parameters, greeks, strict=True):
        step, before = 1e-5 * p.data, p.data
        more, less = [program(noise).mean() for p.data in (before + step, before - step)]
        p.data = before
        print(f"  by {p.label:10} {greek:9.4f}   by differences {(more - less) / 2 / step:9.4f}")
    start, strikes = time.perf_counter(), np.linspace(80.0, 120.0, trades).tolist()
    for strike.data in strikes:
        program.value_and_grad(noise)
    print(f"{trades} trades, each with all its Greeks: {time.perf_counter() - start:.2f} s")
    if jax:
        print(f"JAX, the same formula written with arrays: {in_jax(MARKET, strikes, noise):.2f} s")


if __name__ == "__main__":
    main()
