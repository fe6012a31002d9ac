"""What teachers handed out over time: a row a teacher, a column a dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..experiments.handed_out import HandedOut
from .style import TaskAxis, colour_map, new_figure, steps_axis

_ROW, _COLUMNS = 0.95, 3


def handed_out_figure(found: Mapping[str, HandedOut], *, steps: str = "environment steps") -> Any:
    """Draw how often each value was handed out over time, compared with tasks drawn uniformly.

    Args:
        found: By label, of the same task space.
        steps: What the time counts.

    Raises:
        ValueError: No label, or task spaces that are not the same.

    Example:
        >>> import tutelage
        >>> space = tutelage.TaskSpace(height=(0.0, 3.0))
        >>> found = HandedOut.of(space, [[0.1], [2.9]], at=[0, 99], end=100)
        >>> len(handed_out_figure({"random": found, "plr": found}).axes)
        3
    """
    HandedOut.together(list(found.values()))  # of the same space
    labels = list(found)
    dims = found[labels[0]].dimensions
    if not dims:
        raise ValueError("Expected a task space with a dimension that has more than one value.")
    one = len(dims) == 1
    columns = min(_COLUMNS, len(labels)) if one else len(dims)
    places = [(label, i) for label in labels for i in range(len(dims))]
    rows = -(-len(places) // columns)
    figure = new_figure(_ROW * (1.3 if one else 1.0) * rows + 0.8)
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
    times = {place: _times_uniform(found[place[0]].shares(place[1])) for place in places}
    top, image = max(_top([times[label, i] for label in labels]) for i in range(len(dims))), None
    for number, (axes, (label, i)) in enumerate(zip(panels, places, strict=False)):
        axis = TaskAxis(dims[i])
        low, high = axis.limits
        image = axes.imshow(
            times[label, i].T,
            origin="lower",
            aspect="auto",
            extent=(0, found[label].end, low, high),
            cmap=colour_map("Blues", 0.0, 0.95),
            vmin=0.0,
            vmax=top,
        )
        axis.dress(axes, "y", label=False, ticks=3)
        axes.set_ylim(low, high)
        axes.tick_params(labelsize=8)
        if one:
            axes.set_title(label)
        else:
            if number < columns:
                axes.set_title(axis.label)
            if i == 0:
                axes.set_ylabel(label, fontsize=9)
    for axes in panels[len(places) :]:
        axes.set_visible(False)
    last = panels[min(len(places), len(panels)) - 1]
    for axes in panels[max(0, len(places) - columns) : len(places)]:
        steps_axis(axes, float(found[labels[0]].end), steps)
        axes.tick_params(labelbottom=True)
    named = last.get_xlabel()
    for axes in panels:
        axes.set_xlabel("")
    figure.supxlabel(named, fontsize=10)
    if one:
        figure.supylabel(TaskAxis(dims[0]).label, fontsize=10)
    figure.colorbar(image, ax=panels, label="times as often as uniformly", extend="max", fraction=0.025, pad=0.01)
    return figure


def _times_uniform(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares by what they are where all values are as frequent: comparable for few values and many."""
    return shares * shares.shape[1]


def _top(times: Sequence[NDArray[np.float64]]) -> float:
    """What few cells exceed: one teacher that hands out a single task must not make the others pale."""
    known = np.concatenate([each[np.isfinite(each)] for each in times])
    return max(2.0, float(np.percentile(known, 98.0)) if known.size else 0.0)
