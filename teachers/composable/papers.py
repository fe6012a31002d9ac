"""The papers: what each does, as which preset it is here, and why some are not.

This is the one table of papers. A new preset is one entry: its paper (or a further name for a paper that is there), the
teacher and the hyperparameters. ``python -m tutelage.teachers.composable.papers`` prints ``docs/supported_papers.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...registry import Preset, list_teachers
from ...schedule_presets import SCHEDULE_PRESETS


class Paper(NamedTuple):
    """One row of the table."""

    number: int
    """By which papers are counted here."""
    title: str
    mechanism: str
    """What it does, in a few words."""
    presets: Mapping[str, Mapping[str, Any]] = {}
    """Names of presets, ``"teacher:preset"``, with their hyperparameters."""
    teachers: tuple[str, ...] = ()
    """Teachers of the library that are the paper's own."""
    schedules: tuple[str, ...] = ()
    """Schedules that are the paper's, for the wrappers that take some."""
    remark: str = ""
    """What differs, or why it is not here."""
    code: str = ""
    """The authors' repository."""


_PLAIN = {"mix_uniform": 0.0, "max_share": None}
_ADVANTAGE = {**_PLAIN, "signal": "abs_advantage", "score": "identity"}
_SEQUENCE = {"window": "block", "pacing": "linear(0, 1)"}
_FORWARD = {"accuracy": {"n": 0.05, "alpha": 2.0, "beta": 0.5, "extra": 0.0, "cap": 0.1, "patience": None}}
_STEPS = {"gate": "steps(2000)", "mode": "single"}
_TIMESCALES = {"gate": "mastery(0.98, rule='mean_and_newest', min_episodes=200)", "patience": None}
_NO_TEXT = "Writes text for language models and trains no student on tasks."

PAPERS: tuple[Paper, ...] = (
    Paper(
        1,
        "Advancing NLP Models with Strategic Text Augmentation (MCCL)",
        "Cycles the share of the data while ordering real against augmented instances.",
        {"paced:mccl": {"window": "subset", "pacing": "cyclic(0.5, 1, 0.5)"}},
        remark="The exact rule was not found: the size wave only.",
    ),
    Paper(
        2,
        "Cyclical Curriculum Learning (CCL)",
        "The subset grows and shrinks in cycles and is drawn in proportion to easiness.",
        {"paced:ccl": {"window": "subset", "pacing": "cyclic(0.25, 1, 0.5)", "weights": "easiness"}},
        code="CyclicalCurriculum/Cyclical-Curriculum",
    ),
    Paper(
        3,
        "Learning to Learn: how to continuously teach humans and machines (Curriculum Designer)",
        "Orders classes so that neighbours differ and mirrored places are alike.",
        {"paced:cd": {**_SEQUENCE, "order": "contrast"}},
        remark="Distances between tasks instead of optimal transport between data sets; `category` names the classes.",
        code="ZhangLab-DeepNeuroCogLab/Learning2Learn",
    ),
    Paper(
        4,
        "Self-Evolving Curriculum (SEC)",
        "A bandit over categories, rewarded by the mean absolute advantage.",
        {
            "bandit:sec": {**_ADVANTAGE, "estimator": "ema(0.5)", "policy": "boltzmann(1.0)"},
            "bandit:sec-code": {
                **_ADVANTAGE,
                "estimator": "ema(0.1)",
                "policy": "boltzmann(1.0)",
                "unsampled": "decay",
            },
        },
        remark="In the code arms that are not played decay; that is `sec-code`.",
        code="Vincent-La/cofa",
    ),
    Paper(
        5,
        "Learning Like Humans (ADCL, EGSR)",
        "Estimates the difficulty of the next block anew with the current model.",
        {"paced:adcl": {**_SEQUENCE, "difficulty": "probe", "resort": "next_block", "n_blocks": 4}},
        remark="The number of blocks was not found. Guidance where everything fails is a wrapper's business.",
    ),
    Paper(6, "EduPlanner", "Agents write and criticise lesson plans.", remark=_NO_TEXT),
    Paper(
        7,
        "A Psychology-based Unified Dynamic Framework (PUDF)",
        "Difficulty and ability by item response theory; trains on what the student can do.",
        {"paced:pudf": {"window": "ability", "pacing": "ability(0.5, 0.1)"}},
        remark='The answers of a crowd: `difficulty={"irt": responses}`.',
        code="nd-ball/cl-irt",
    ),
    Paper(
        8,
        "EfficientTrain",
        "Low resolution and weak augmentation first.",
        schedules=("efficienttrain",),
        code="LeapLabTHU/EfficientTrain",
    ),
    Paper(
        9,
        "CLPO",
        "Hard tasks are simplified and medium ones diversified, by the current success.",
        {
            "generator:clpo": {
                "n_attempts": 4,
                "tiers": (0.3, 0.7),
                "operators": {"hard": "simplify", "medium": "diversify", "easy": "diversify"},
                "repetition": 0.0,
            }
        },
        remark=(
            "The weight of the KL term on hard tasks is the student's business; easy tasks, which the paper leaves as "
            "they are, are diversified."
        ),
        code="csuking/CLPO",
    ),
    Paper(
        10,
        "Estimating the effects of sample training orders without retraining",
        "A Taylor expansion of Adam predicts what orders will do.",
        remark="Needs the gradients of the student.",
    ),
    Paper(
        11,
        "Teacher algorithms for curriculum learning of Deep RL (ALP-GMM)",
        "Gaussians over tasks, in proportion to learning progress.",
        teachers=("alp-gmm",),
    ),
    Paper(
        12,
        "h1",
        "Atomic tasks in chains that grow stage by stage, with a reward at the end only.",
        {"ladder:h1": {**_STEPS, "n_stages": 5}},
        remark="The stages are the lengths of the chain; 200 updates each, here counted in episodes.",
    ),
    Paper(
        13,
        "MaskSearch",
        "From one masked span to four.",
        {"ladder:masksearch": {**_STEPS, "n_stages": 4}},
        code="Alibaba-NLP/MaskSearch",
    ),
    Paper(14, "CLUTR", "A latent space of tasks, and regret in it.", teachers=("clutr",)),
    Paper(
        15,
        "CLIMB",
        "Pacing functions for vocabulary, data and objective.",
        {"paced:climb": {"window": "prefix", "pacing": {"pacing": {"shape": "log"}}}},
        remark="The authors found no consistent gain: a baseline to be honest with.",
        code="codebyzeb/CLIMB",
    ),
    Paper(
        16,
        "Learning Neural PDE Solvers with Parameter-Guided Channel Attention (CAPE)",
        "The student's own part of a roll-out grows by a tanh.",
        schedules=("cape",),
        code="nec-research/CAPE-ML4Sci",
    ),
    Paper(
        17,
        "Angles Don't Lie (GAIN-RL)",
        "A Gaussian window moves over sorted data with the accuracy.",
        {"paced:gain-rl": {"window": "gaussian", "width": 0.1, "pacing": _FORWARD}},
        remark="The pacing only: the angles that sort the data are inside of the student; tasks may be drawn again.",
        code="wangqinsi1/GAINRL",
    ),
    Paper(
        18,
        "Socratic-Zero",
        "Questions are refined from failures; a Gaussian around a success of ½ is their worth.",
        {"generator:socratic-zero": {"fitness": "gaussian(0.5, 0.2)", "n_attempts": 8, "repetition": 0.0}},
    ),
    Paper(
        19,
        "Human-inspired learning strategies for medical question answering",
        "Compares curriculum, blocked and interleaved orders.",
        {
            "paced:medical-qa": {**_SEQUENCE, "order": "interleaved", "n_blocks": 1},
            "paced:medical-qa-curriculum": {**_SEQUENCE, "order": "ascending", "n_blocks": 1},
            "paced:medical-qa-blocked": {**_SEQUENCE, "order": "blocked", "n_blocks": 1},
        },
        remark="About 1 % on average, and orders did not carry over from model to model.",
    ),
    Paper(
        20,
        "DUMP",
        "Upper confidence bounds on the mean absolute advantage of each data distribution.",
        {"bandit:dump": {**_ADVANTAGE, "estimator": "window(300)", "ucb": 1.0, "policy": "boltzmann(0.1)"}},
        code="ZhentingWang/DUMP",
    ),
    Paper(21, "Train Long, Think Short (TLTS)", "The budget decays exponentially.", schedules=("tlts",)),
    Paper(
        22,
        "Prompt Curriculum Learning (PCL)",
        "A value model predicts the success; those nearest to ½ are kept.",
        {"candidate:pcl": {"k": 4, "predictor": "online", "target": 0.5, "select": "closest", "mix_uniform": 0.0}},
    ),
    Paper(
        23,
        "EduFlow",
        "Data in stages, a critique model and tree search.",
        remark="A pipeline of data and a search: no task is chosen.",
    ),
    Paper(
        24,
        "Online Difficulty Filtering",
        "Only tasks of intermediate success in fresh episodes; the batch is refilled.",
        {
            "candidate:online-filtering": {
                "predictor": "rollouts(4)",
                "select": "band",
                "band": (0.2, 0.8),
                "refill": True,
                "mix_uniform": 0.0,
            },
            "bandit:online-filtering": {
                **_PLAIN,
                "estimator": "beta(discount=0.9)",
                "score": "band(0.2, 0.8)",
                "policy": "proportional",
            },
        },
    ),
    Paper(
        25,
        "CurES",
        "Samples in proportion to exp(√(p (1 − p)) / τ) and divides episodes by √(p (1 − p)).",
        {
            "bandit:cures": {**_PLAIN, "estimator": "beta(1, 1)", "score": "bernoulli_std", "policy": "boltzmann(0.1)"},
            "candidate:cures": {"select": "sample", "score": "bernoulli_std", "temperature": 0.1, "mix_uniform": 0.0},
        },
        remark="√(p (1 − p)) instead of gradient norms; quotas: `Bandit.allocate`. The authors' code samples almost "
        "uniformly; this is the paper's rule.",
        code="ZexuSun/CurES",
    ),
    Paper(
        26,
        "Can LLMs Learn by Teaching (LbT)",
        "A lesson is worth what a student gains by it in an exam.",
        remark="Trains no student on tasks; the idea is the signal `probe_gain` of `bandit`.",
    ),
    Paper(
        27,
        "Reinforcement Mid-Training (RMT)",
        "A budget that decays, and weights of tiers that move from easy to hard.",
        {
            "scheduled-mixture:rmt": {
                "teachers": dict.fromkeys(("easy", "medium", "hard"), "bandit"),
                "weights": "rmt-mix",
            }
        },
        schedules=("rmt-budget", "rmt-mix"),
        remark="Name the tiers' tasks by `teachers`; the paper's tiers are of tokens.",
    ),
    Paper(
        28,
        "RuscaRL",
        "The share of hints decays by a sigmoid.",
        schedules=("ruscarl",),
        code="IANNXANG/RuscaRL",
    ),
    Paper(29, "ALAS", "Picks knowledge from the web and trains on it.", remark=_NO_TEXT),
    Paper(
        30,
        "When Do Curricula Work in Federated Learning",
        "Orders data and clients by loss.",
        {"paced:federated": {"window": "prefix", "order": "ascending", "pacing": {"pacing": {"shape": "linear"}}}},
        remark="`order='descending'` and `'random'` are its baselines; the choice of clients was not found.",
    ),
    Paper(
        31,
        "TAPIR",
        "Tasks at which an oracle beats the student by a margin; the share of hard ones rises.",
        {
            "bandit:tapir": {
                **_PLAIN,
                "signal": "oracle_gap",
                "estimator": "ema(0.5)",
                "score": "identity",
                "policy": "proportional",
            }
        },
        remark="Needs the column `oracle_return`. Margin and shares were not found; see `ScheduledMixture`.",
    ),
    Paper(
        32,
        "How Learning Rate Decay Wastes Your Best Data in Curriculum-Based LLM Pretraining",
        "A decaying learning rate cancels the gain of good data that comes late.",
        remark="An option of the student: constant learning rates are the default of PPO.",
    ),
    Paper(
        33,
        "CyclicReflex",
        "A triangular bias on reflection tokens.",
        schedules=("cyclicreflex",),
        remark="Acts when decoding, not in training: the waveform only.",
        code="OPTML-Group/CyclicReflex",
    ),
    Paper(
        34,
        "Training Curricula for Open Domain Answer Re-Ranking",
        "The weight of hard examples rises in the first iterations.",
        {"paced:re-ranking": {"window": "prefix", "pacing": 1.0, "weights": {"rising": 20}}},
        code="Georgetown-IR-Lab/curricula-neural-ir",
    ),
    Paper(
        35,
        "Instruction Tuning with Human Curriculum (CORGI)",
        "Subjects in turns, with rising levels.",
        {"paced:corgi": {**_SEQUENCE, "order": "interleaved_curriculum", "n_blocks": 1}},
    ),
    Paper(
        36,
        "AdaptMI",
        "Examples as hints only where the student does badly.",
        remark="Hints are a wrapper's business: they depend on the success, and no task is chosen.",
        code="princeton-pli/AdaptMI",
    ),
    Paper(37, "Meta Automatic Curriculum Learning (AGAIN)", "Curricula from earlier students.", teachers=("again",)),
    Paper(
        38,
        "Can LLMs Solve Longer Math Word Problems Better",
        "Variants with extended contexts, and metrics of them.",
        remark="Metrics of evaluation; no curriculum.",
    ),
    Paper(39, "Synthetic Data (Almost) from Scratch (GLAN)", "From a taxonomy to questions.", remark=_NO_TEXT),
    Paper(
        40,
        "SkillMimic-V2",
        "Clips, and times to start, of low reward are drawn more often.",
        {
            "bandit:skillmimic": {
                **_PLAIN,
                "signal": "return",
                "scale": "range",
                "estimator": "ema(1.0)",
                "score": "neg_exp(5)",
                "policy": "proportional",
            }
        },
        remark="Assumes that everything can be solved: impossible tasks take over. Classes of clips: `group_by`.",
        code="Ingrid789/SkillMimic-V2",
    ),
    Paper(
        41, "Curr-ReFT", "Three stages by the format of the answer.", {"ladder:curr-reft": {**_STEPS, "n_stages": 3}}
    ),
    Paper(
        42,
        "Emergent mechanisms for long timescales depend on training curriculum",
        "N-parity with growing N: one at a time, all up to N, or a sliding window.",
        {
            "ladder:timescales": {**_TIMESCALES, "mode": "cumulative"},
            "ladder:timescales-single": {**_TIMESCALES, "mode": "single"},
            "ladder:timescales-sliding": {**_TIMESCALES, "mode": "sliding", "keep": 3},
        },
        code="LevinaLab/rnn_timescale_public",
    ),
    Paper(
        43,
        "GraphMASAL",
        "Plans over a graph of prerequisites from weak concepts to goals.",
        {"ladder:graphmasal": {"gate": "mastery(0.5)", "mode": "single", "patience": None}},
        remark="The graph: `requires`; the plan: `Ladder.plan`. The cost formula was not found.",
    ),
    Paper(
        44,
        "ARTE",
        "Exercises are worth what the student gains by them on a probe set.",
        {
            "bandit:arte": {
                **_PLAIN,
                "signal": "probe_gain",
                "estimator": "ema(0.5)",
                "score": "identity",
                "policy": "boltzmann(0.1)",
            }
        },
        remark="Needs the column `probe_gain`.",
    ),
    Paper(45, "Pedagogical Alignment of Large Language Models", "Help in steps by preferences.", remark=_NO_TEXT),
    Paper(
        46,
        "SPEAR",
        "The weight of self-imitation rises, that of an auxiliary reward falls, by cosines.",
        schedules=("spear-imitation", "spear-tool"),
        remark="The loss is the student's business.",
        code="TencentYoutuResearch/SPEAR",
    ),
    Paper(
        47,
        "Camera-driven curriculum learning for re-identification (CaCL)",
        "Subsets by their discrepancy to the source are added one by one.",
        {"ladder:cacl": {"gate": "steps(2000)", "mode": "cumulative"}},
        remark="The order of the stages by discrepancy: `orders.mmd`.",
    ),
    Paper(
        48,
        "Sycophancy to Subterfuge",
        "Environments that are ever easier to game; the last one is held out.",
        {"ladder:sycophancy": {"mode": "single", "n_stages": 5, "held_out": (-1,), "patience": None}},
    ),
    Paper(
        49,
        "Time-R1",
        "Three phases; the tolerance of the reward tightens.",
        {"ladder:time-r1": {**_STEPS, "n_stages": 2, "mode": "cumulative"}},
        remark="Easy tasks, then all; what is new in the third phase is the schedule of the reward.",
        schedules=("time-r1",),
        code="ulab-uiuc/Time-R1",
    ),
    Paper(
        50,
        "Thinking vs. Doing (TTI)",
        "The horizon grows over the iterations.",
        schedules=("tti", "tti-multiplicative", "tti-additive"),
        code="test-time-interaction/TTI",
    ),
    Paper(
        51,
        "CRAFT-GUI",
        "Tiers by the length of trajectories.",
        {"ladder:craft-gui": {**_STEPS, "n_stages": 3}},
        remark="The thresholds were not found.",
    ),
    Paper(
        52,
        "Words as Beacons",
        "A list of subgoals with a bonus.",
        remark="The wrapper Subgoals: it changes observation and reward, and chooses no task.",
        code="aklein1995/Words-as-Beacons",
    ),
    Paper(
        53,
        "SPELL",
        "Proposes, solves and verifies; a Gaussian is the worth of a proposal.",
        {
            "generator:spell": {
                "fitness": {"solvable_gaussian": {"mu": 0.5, "sigma": 0.5 / 3.0}},
                "keep": (0.01, 0.99),
                "recent": 3,
                "n_attempts": 8,
                "repetition": 0.0,
            }
        },
        remark="Its memory of the last three goes to a generator of one's own; mutation has no use for it.",
        code="Tongyi-Zhiwen/Qwen-Doc",
    ),
    Paper(
        54,
        "TraceRL",
        "Reinforcement learning over the traces of diffusion language models.",
        remark="An optimiser of language models; the paper gives no rule of a curriculum.",
    ),
    Paper(
        55,
        "SARI",
        "From easy to hard by the baseline's pass rate.",
        {"paced:sari": {**_SEQUENCE, "difficulty": "probe", "n_blocks": 3}},
    ),
    Paper(
        56,
        "Agent0",
        "A curriculum agent rewarded for uncertainty, less for repetitions; a filter near ½.",
        {
            "generator:agent0": {"fitness": "tent", "repetition": 1.0, "n_attempts": 10, "keep": (0.25, 0.75)},
            "candidate:agent0": {
                "predictor": "rollouts(10)",
                "select": "band",
                "band": (0.25, 0.75),
                "mix_uniform": 0.0,
            },
        },
        remark="Without the bonus for calls of tools, which an episode has none of.",
        code="aiming-lab/Agent0",
    ),
    Paper(57, "MathSE", "Reflection and fine-tuning in turns.", remark="Tasks are fixed: no curriculum."),
)
"""All of them."""

PRESETS: dict[str, Preset] = {
    name: Preset(hyperparameters, paper.title) for paper in PAPERS for name, hyperparameters in paper.presets.items()
}
"""What `make_teacher` knows by these names."""

_HEAD = """# Supported papers

{intro}

```python
import tutelage

space = tutelage.TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
teacher = tutelage.make_teacher("bandit:cures", space, seed=0, arms=4)
```

```sh
tutelage train StumpTracks --teacher bandit:cures
tutelage list teachers
```

{rest}

| # | Paper | What it does | Here | Remarks |
| --- | --- | --- | --- | --- |
"""
_INTRO = (
    f"{len(PAPERS)} papers on curricula, and as what each can be used here. Most are not a class of their own: they "
    "differ in which parts of a teacher are put together, and are *presets* of the composable teachers. A preset is "
    "named wherever a teacher is:"
)
_REST = (
    "What is given besides overrides the preset. Schedules are named wherever a [schedule](schedules.md) is. Many "
    "papers are about language models; what does not carry over to a student of reinforcement learning is said in the "
    "last column. None of the presets has been shown to reach a paper's numbers."
)
_FOOT = """
## A further preset

It is one entry in one table, `PAPERS` in `teachers/composable/papers.py`: a further name in \
`presets` of a paper that is there, or a paper:

```python
from tutelage.teachers.composable.papers import Paper

Paper(
    58,
    "Title of the paper",
    "What it does, in a few words.",
    {"bandit:mine": {"signal": "abs_advantage", "estimator": "ema(0.5)", "score": "identity", "max_share": "2/K"}},
    remark="What differs from the paper.",
    code="owner/repository",
)
```

The hyperparameters are plain data, of the [parts](teachers/bandit.md#parts) that the teacher's page names. \
`make_teacher`, every command and this page know it then, and the tests teach with it without its being listed there.

This page is printed by `python -m tutelage.teachers.composable.papers`; a test compares.
"""


def supported_papers() -> str:
    r"""Return the page of all papers, in Markdown.

    Example:
        >>> page = supported_papers()
        >>> "`bandit:sec`" in page, page.count("\n| ") == len(PAPERS) + 2
        (True, True)
    """
    known = list_teachers()
    rows = []
    for paper in PAPERS:
        title = f"[{paper.title}](https://github.com/{paper.code})" if paper.code else paper.title
        here = [f"[`{name}`](teachers/{name.partition(':')[0].replace('-', '_')}.md)" for name in paper.presets]
        here += [
            f"[`{t}`](teachers/{t.replace('-', '_')}.md)" if t in known else f"`{t}`, to come" for t in paper.teachers
        ]
        here += [f"schedule [`{name}`](schedules.md#by-name)" for name in paper.schedules if name in SCHEDULE_PRESETS]
        rows.append(f"| {paper.number} | {title} | {paper.mechanism} | {', '.join(here) or '–'} | {paper.remark} |\n")
    return _HEAD.format(intro=_INTRO, rest=_REST) + "".join(rows) + _FOOT


if __name__ == "__main__":
    print(supported_papers(), end="")
