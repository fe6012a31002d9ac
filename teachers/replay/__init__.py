"""Teachers that replay the levels from which there is most to learn: prioritised level replay and its successors."""

from ...registry import register_teacher

register_teacher("accel", "tutelage.teachers.replay.accel:ACCEL")
register_teacher("plr", "tutelage.teachers.replay.plr:PLR")
register_teacher("robust-plr", "tutelage.teachers.replay.robust_plr:RobustPLR")
register_teacher("sfl", "tutelage.teachers.replay.sfl:SFL")
