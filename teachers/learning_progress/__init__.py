"""Teachers that propose tasks on which the student's return changes."""

from ...registry import register_teacher

register_teacher("alp-gmm", "tutelage.teachers.learning_progress.alp_gmm:ALPGMM")
register_teacher("covar-gmm", "tutelage.teachers.learning_progress.covar_gmm:CovarGMM")
register_teacher("riac", "tutelage.teachers.learning_progress.riac:RIAC")
