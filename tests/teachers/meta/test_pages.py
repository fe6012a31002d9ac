"""The examples on the pages of AGAIN and of classrooms run."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("page", ["classroom.md", "teachers/again.md"])
def test_the_examples_of_a_page_run(page, capsys):
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, page, "exec"), {})
    assert "Traceback" not in capsys.readouterr().out
