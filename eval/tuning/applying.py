"""Writing settings into `coruja.toml`: what else stands there stays, comments too. The one file that knows tomlkit."""

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from eval.datasets.example import write_whole
from eval.tuning.space import Values
from ingest.errors import SettingsError


def apply(file: Path, values: Values) -> None:
    """Write settings into the file, those of a table as `table.name`; it is created when it is not there.

    Raises:
        SettingsError: The file cannot be read or written.
    """
    try:
        document = tomlkit.parse(file.read_text("utf-8-sig")) if file.exists() else tomlkit.document()
        for name, value in values.items():
            table, _, field = name.rpartition(".")
            if table and table not in document:
                document.append(table, tomlkit.table())
            place = document[table] if table else document
            place[field] = value  # type: ignore[index] # a table, or `load_settings` would have refused the file
        write_whole(file, tomlkit.dumps(document))
    except (OSError, ValueError, TOMLKitError) as error:
        raise SettingsError(f"{file} cannot be changed ({error}).", "Write the settings there yourself.") from error
