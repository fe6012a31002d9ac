"""Tables as Parquet, by pyarrow, which is installed with the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Mapping
from csv import reader
from pathlib import Path

from ..errors import RequestError
from ..state import write_atomic


def check_parquet() -> None:
    """Refuse to go on without pyarrow.

    Raises:
        RequestError: It is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise RequestError("Parquet needs pyarrow: pip install 'tutelage[parquet]'.") from error


def write_parquet(csv_file: Path, numbers: Mapping[str, type]) -> Path:
    r"""Write a CSV file that has one line of heads as Parquet, beside it.

    Args:
        csv_file: The file.
        numbers: The columns that are numbers, int or float; all others are text, an empty cell an empty one.

    Returns:
        The file, with the ending ``.parquet``.

    Raises:
        RunError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> import pyarrow.parquet
        >>> table = Path(tempfile.mkdtemp(), "scores.csv")
        >>> _ = table.write_text("teacher,seed,score\nplr,0,3.5\n")
        >>> pyarrow.parquet.read_table(write_parquet(table, {"seed": int, "score": float})).to_pylist()
        [{'teacher': 'plr', 'seed': 0, 'score': 3.5}]
    """
    import pyarrow
    from pyarrow import csv, parquet

    kinds = {int: pyarrow.int64(), float: pyarrow.float64()}
    with open(csv_file, encoding="utf-8", newline="") as file:
        heads = next(reader(file))
    columns = {head: kinds[numbers[head]] if head in numbers else pyarrow.string() for head in heads}
    read = csv.ConvertOptions(column_types=columns, strings_can_be_null=False)
    parse = csv.ParseOptions(newlines_in_values=True)
    target = csv_file.with_suffix(".parquet")
    table = csv.read_csv(csv_file, parse_options=parse, convert_options=read)
    write_atomic(target, lambda file: parquet.write_table(table, file))
    return target
