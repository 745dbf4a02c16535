"""Orders of tasks that balance place and who follows whom."""

from __future__ import annotations


def n_orders(n: int) -> int:
    """How many orders :func:`williams_square` has for ``n`` tasks."""
    return n if n % 2 == 0 else 2 * n


def williams_square(n: int) -> tuple[tuple[int, ...], ...]:
    """Orders of ``0 … n − 1``; over all of them each stands equally often at each place and after each other.

    Parameters
    ----------
    n : int
        How many, at least 1.

    Returns
    -------
    tuple of tuple of int
        ``n`` orders for even ``n``, ``2 n`` for odd.

    References
    ----------
    Williams, E. J. (1949). Experimental designs balanced for the estimation of residual effects of treatments.
    Australian Journal of Scientific Research A 2, 149–168.
    """
    # 0, 1, n−1, 2, n−2 …: the differences of neighbours are all different
    first = [(step + 1) // 2 if step % 2 else (n - step // 2) % n for step in range(n)]
    rows = [tuple((place + shift) % n for place in first) for shift in range(n)]
    if n % 2:
        rows += [tuple(reversed(row)) for row in rows]
    return tuple(rows)
