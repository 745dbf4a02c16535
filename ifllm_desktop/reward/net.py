"""The pair model in torch: one score per answer, the same function for both sides.

P(left preferred) = σ((s(x_left) − s(x_right)) / T), the model of Bradley & Terry with scores that come from
measures. Both sides go through the same function, so exchanging them changes the sign of the difference and
nothing else.

References
----------
Bradley & Terry (1952), Rank analysis of incomplete block designs, Biometrika 39.
Guo et al. (2017), On calibration of modern neural networks, for the temperature T.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class AnswerScore(nn.Module):
    """Score of an answer: weighted sum of its inputs."""

    def __init__(self, n_measures: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_measures, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Scores, shape (n,), of inputs of shape (n, n_measures).

        Added up measure by measure in a fixed order: a matrix product may round a row in another way when it
        stands elsewhere, and then a swapped pair would not give exactly the negative.
        """
        total = torch.zeros(x.shape[0], dtype=x.dtype)
        for index in range(x.shape[1]):
            total = total + x[:, index] * self.weight[index]
        return total


def probability(difference: Tensor, temperature: float) -> Tensor:
    """σ(difference / T); the value for −difference is exactly one minus the value for difference."""
    sure = torch.sigmoid(difference.abs() / temperature)
    return torch.where(difference >= 0, sure, 1.0 - sure)


def soft_loss(difference: Tensor, target: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
    """Mean cross entropy of soft labels, from logits."""
    return nn.functional.binary_cross_entropy_with_logits(difference / temperature, target)


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside, so that sums are made in one order; the former number afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def minimise(parameters: list[Tensor], loss: Callable[[], Tensor], max_iterations: int = 200) -> float:
    """Full-batch L-BFGS with line search until it stands still; returns the final loss."""
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=max_iterations,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return float(loss())
