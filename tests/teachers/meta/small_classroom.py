"""Students and classrooms that tests can work out by hand."""

from __future__ import annotations

import numpy as np
from tutelage import TaskSpace
from tutelage.teachers.meta import Classroom, GaussianHistory, StudentRecord

SPACE = TaskSpace(x=(0.0, 1.0), y=(0.0, 2.0))


def history(
    centres=((0.5, 1.0),), alps=None, refits=None, refit_episodes=None, returns=(0.0, 1.0), origins=None, std=0.01
):
    """A history with one Gaussian at each centre, by default one a refit, all of them with an ALP of 0.5."""
    centres = np.asarray(centres, float).reshape(-1, 2)
    g = len(centres)
    refits = np.arange(g) if refits is None else np.asarray(refits)
    n_refits = int(refits.max()) + 1 if g else 0
    return GaussianHistory(
        refits=refits,
        refit_episodes=250 * (1 + np.arange(n_refits)) if refit_episodes is None else refit_episodes,
        means=centres,
        covariances=np.tile(np.diag([std**2, (2 * std) ** 2]), (g, 1, 1)),
        alps=np.full(g, 0.5) if alps is None else alps,
        returns=returns,
        origins=np.full(len(returns), -1) if origins is None else origins,
    )


def student(name="s", knows=(0.0, 0.0, 0.0), final=(1.0, 1.0, 1.0), gaussians=None, **columns):
    """A student with one pre-test after 100 episodes, on a test set of three tasks."""
    return StudentRecord(
        **{
            "name": name,
            "kind": {},
            "episodes": [100],
            "competences": [knows],
            "final": final,
            "score": float(np.sum(final)),
            "gaussians": history() if gaussians is None else gaussians,
            **columns,
        }
    )


def make_room(folder, *students, pretests=(100,), n_components=3, **arguments):
    """A classroom with students."""
    arguments = {"test_set": "three tasks", **arguments}
    room = Classroom.create(folder, SPACE, pretests=pretests, n_components=n_components, **arguments)
    for each in students:
        room.append(each)
    return room
