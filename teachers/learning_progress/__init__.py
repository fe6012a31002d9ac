"""Teachers that propose tasks on which the student's return changes."""

from ...registry import register_teacher

register_teacher("alp-gmm", "tutelage.teachers.learning_progress.alp_gmm:ALPGMM")
