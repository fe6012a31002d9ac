"""Teachers that look for tasks of high regret: on which one student does worse than another could."""

from ...registry import register_teacher

register_teacher("minimax", "tutelage.teachers.regret.minimax:Minimax")
register_teacher("paired", "tutelage.teachers.regret.paired:PAIRED")
register_teacher("repaired", "tutelage.teachers.regret.repaired:REPAIRED")
