"""The small environments of the tests of runs are used here, too."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

torch.set_num_threads(1)  # as students do; small networks wait for each other's threads otherwise
