"""The same experiment on a Ray cluster of several nodes, of which one is killed."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from played_experiments import experiment, play
from tutelage.benchmarks.benchmark import play_experiment
from tutelage.errors import RequestError

PLAIN = {
    "seeds": 4,
    "common": {
        "steps": 2_048,
        "n_envs": 2,
        "eval_every": 1_024,
        "checkpoint_every": 256,
        "test_set": "uniform-50",
        "student_args": {"n_steps": 64, "batch_size": 64, "n_epochs": 1},
        "episodes": 2_000,
        "evaluations": 4,
    },
    "teachers": {"random": {}, "alp-gmm": {"teacher_args": {"fit_rate": 20}}},
    "environments": {
        "pole": {"env": "CartPole-v1", "task": ["length=0.2:2.0"], "success_above": 20},
        "2d-10": {"space": "2d-10"},
    },
}


def test_without_ray_the_engine_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RequestError, match=r"pip install tutelage\[ray\]"):
        play_experiment(experiment(seeds=1), tmp_path / "a", engine="ray", quiet=True)


@pytest.fixture
def cluster(monkeypatch):
    """A head without cores and two nodes with one each, all at 127.0.0.1."""
    pytest.importorskip("ray")
    import ray
    from ray._private import ray_constants
    from ray.cluster_utils import Cluster

    monkeypatch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)  # else 127.0.0.1 is made the machine's address
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    local = {"node_ip_address": "127.0.0.1", "object_store_memory": 80 * 2**20}
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry for entry in sys.path if entry))
    cluster = Cluster(initialize_head=True, head_node_args={**local, "num_cpus": 0, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1, **local) for _ in range(2)]
    ray.init(cluster.address, _node_ip_address="127.0.0.1", log_to_driver=False, logging_level="warning")
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
def test_a_node_is_killed_and_the_results_are_those_of_an_undisturbed_pass(cluster, tmp_path):
    ray_cluster, nodes = cluster
    out, played = tmp_path / "out", experiment(PLAIN)
    at_death: dict[Path, int] = {}

    def kill_one() -> None:
        """When some runs have ended and a training run has a checkpoint."""
        while True:
            ended = list(out.rglob("scores.npz"))
            going = [f for f in out.rglob("checkpoints/*") if not (f.parents[1] / "scores.npz").exists()]
            if len(ended) >= 2 and going:
                break
            time.sleep(0.05)
        at_death.update({file: file.stat().st_mtime_ns for file in ended})
        ray_cluster.remove_node(nodes[0], allow_graceful=False)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    result = play_experiment(played, out, engine="ray", quiet=True)
    killer.join(timeout=1.0)
    assert at_death, "the node was to be killed before the end"
    assert (result.ended, result.failed) == (len(played.runs), {})
    assert {file: file.stat().st_mtime_ns for file in at_death} == at_death
    alone = play(played, tmp_path / "alone")
    for run in played.runs:
        here, there = alone.load(run), result.folder.load(run)
        assert here.test.scores.tolist() == there.test.scores.tolist(), str(run)
        assert here.costs.steps == there.costs.steps
