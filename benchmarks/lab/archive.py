"""All scores of a lab as one small file, from which another lab can go on.

A page of results has it beside its curves: whoever adds a teacher, a space or more seeds to the page need not play what
has been played before.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RunError
from ...state import load_state, save_state
from .config import LabConfig
from .folder import LabFolder, identity, result_problem, this_version
from .run import LabRun, runs_of


def write_archive(lab: LabFolder, config: LabConfig, path: str | os.PathLike[str]) -> int:
    """Write the scores and costs of all runs that have ended into one npz file; films are left out.

    Each run is written with the version of the library that played it.

    Args:
        lab: The lab's folder.
        config: Its configuration.
        path: The file to write, atomically.

    Returns:
        How many runs there are.

    Raises:
        RunError: A damaged run, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> from tutelage.benchmarks.lab.lab import run_lab
        >>> config, folder = LabConfig(["random"], ["2d-10"], seeds=2, episodes=500, animate=[]), tempfile.mkdtemp()
        >>> _ = run_lab(config, folder + "/lab", quiet=True)
        >>> write_archive(LabFolder(folder + "/lab"), config, folder + "/scores.npz")
        2
        >>> again = LabFolder(folder + "/again")
        >>> again.begin(config)
        >>> take_archive(again, config, folder + "/scores.npz")
        2
    """
    identities, numbers, costs, curves, makers = [], [], [], list[Any](), list[str]()
    begun_with = lab.begun_with()
    for run in runs_of(config):
        result = lab.load(run)
        if result is not None:
            identities.append(json.dumps(identity(run), sort_keys=True))
            numbers.append(len(result["scores"]))
            costs.append([result["sample_seconds"], result["update_seconds"]])
            curves.append(np.stack([result["points"], result["scores"]]))
            makers.append(result.get("made_with", begun_with))
    state = {
        "runs": identities,
        "made_with": makers,
        "lengths": np.array(numbers, dtype=np.int64),
        "seconds": np.array(costs).reshape(-1, 2),
        "curves": np.concatenate(curves, axis=1) if curves else np.empty((2, 0)),
    }
    save_state(path, state, compress=True)
    return len(identities)


def take_archive(
    lab: LabFolder,
    config: LabConfig,
    path: str | os.PathLike[str],
    say: Callable[[str], None] = lambda text: None,
) -> int:
    """Take runs of an archive over that a lab has and has not played yet, but for those it makes animations of.

    They keep the version that played them.

    Args:
        lab: The lab's folder.
        config: Its configuration.
        path: What `write_archive` wrote.
        say: Shows a line to the user; it tells of runs that another version of the library has played.

    Returns:
        How many runs were taken over.

    Raises:
        RunError: The archive is damaged; then no run is taken over.
    """
    state = load_state(path)
    try:
        lengths = np.asarray(state["lengths"], dtype=np.int64)
        seconds = np.asarray(state["seconds"], dtype=np.float64).reshape(len(lengths), 2)
        curves = np.split(np.asarray(state["curves"], dtype=np.float64), np.cumsum(lengths)[:-1], axis=1)
        makers = [str(maker) for maker in state.get("made_with", ["unknown"] * len(lengths))]
        columns = zip(seconds, curves[: len(lengths)], makers, strict=True)
        entries = dict(zip(state["runs"], columns, strict=True))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RunError(f"{Path(path)} is no archive of a lab: {error}.") from error
    taken: list[tuple[LabRun, dict[str, Any]]] = []
    for run in runs_of(config):
        entry = entries.get(json.dumps(identity(run), sort_keys=True))
        if entry is None or run.filmed or lab.file_of(run).exists():
            continue
        (sampling, updating), (points, scores), maker = entry
        result = {
            "run": identity(run),
            "points": _whole(points),
            "scores": scores,
            "sample_seconds": float(sampling),
            "update_seconds": float(updating),
            "film": None,
            "made_with": maker,
        }
        problem = result_problem(run, result)
        if problem:
            raise RunError(f"{Path(path)} is damaged, see its run {run}: {problem}.")
        taken.append((run, result))
    for run, result in taken:
        lab.save(run, result)
    others = Counter(result["made_with"] for _, result in taken if result["made_with"] != this_version())
    for maker, number in others.items():
        say(f"Another version, {maker}, played {number:,} of the runs taken over; this is {this_version()}.")
    return len(taken)


def _whole(points: Any) -> Any:
    """Return episodes as whole numbers; those that are none stay what they are, and are refused."""
    return points.astype(np.int64) if np.isfinite(points).all() else points
