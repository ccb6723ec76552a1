"""The law of a learning curve: figure(n) = a - b * n ** -c, with the asymptote a.

The form is the inverse power law with an asymptote of Viering and Loog 2022, "The Shape of Learning
Curves" (POW3), for figures that rise with n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline_code.reviews.metrics import Floats
from pipeline_code.reviews.slices import Mask

_EXPONENTS = np.geomspace(0.05, 2.0, 60)
_CEILING = 1.0
LEAST_SIZES = 3


@dataclass(frozen=True)
class PowerLaw:
    """Laws of several replicates: `asymptote`, `scale` (at least 0) and `exponent`, each [replicates]."""

    asymptote: Floats
    scale: Floats
    exponent: Floats

    @classmethod
    def fit(cls, sizes: Floats, values: Floats) -> Self:
        """Least squares over a grid of exponents; for each the other two in closed form.

        Parameters
        ----------
        sizes
            Rows trained on [sizes], at least three.
        values
            A figure between 0 and 1 at each size [replicates, sizes].
        """
        best = np.full(len(values), np.inf)
        found = np.zeros((3, len(values)))
        for exponent in _EXPONENTS:
            shrinking = sizes**-exponent
            asymptote, scale = _line(shrinking, values)
            error = ((values - asymptote[:, None] + scale[:, None] * shrinking) ** 2).sum(axis=1)
            better = error < best
            best[better] = error[better]
            found[:, better] = np.stack([asymptote, scale, np.full(len(values), exponent)])[:, better]
        return cls(*found)

    def put(self, where: Mask, laws: PowerLaw) -> None:
        """Set the laws of the replicates `where` [replicates]."""
        self.asymptote[where], self.scale[where], self.exponent[where] = (
            laws.asymptote,
            laws.scale,
            laws.exponent,
        )

    def at(self, size: float | Floats) -> Floats:
        """The figure at one size for each replicate, or at one size a replicate [replicates]."""
        answer: Floats = self.asymptote - self.scale * np.asarray(size, dtype=float) ** -self.exponent
        return answer


def _line(shrinking: Floats, values: Floats) -> tuple[Floats, Floats]:
    """a and b of values = a - b * shrinking, with b at least 0 and a at most 1."""
    centre = shrinking - shrinking.mean()
    means = values.mean(axis=1)
    scale = np.maximum(-(values @ centre) / (centre @ centre), 0.0)
    asymptote = means + scale * shrinking.mean()
    over = asymptote > _CEILING
    capped = ((_CEILING - values) @ shrinking) / (shrinking @ shrinking)
    return np.where(over, _CEILING, asymptote), np.where(over, np.maximum(capped, 0.0), scale)
