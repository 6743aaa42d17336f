"""The prompts: files with a version, shown by the command line."""

import json
from pathlib import Path

from commandline import coruja

from assistant.writing.prompt import all_prompts

# A changed text is a new version: raise it in the file, and write its digest here.
DIGESTS = {
    ("answer", 3): "1d24ece4f2b0",
    ("draft", 1): "03e1f83236b9",
    ("insist", 1): "a8688780aa18",
    ("opinion", 1): "73e16c0ce4ea",
    ("rewrite", 1): "356c246c8fa2",
}


def test_a_changed_prompt_is_a_new_version() -> None:
    assert {(prompt.name, prompt.version): prompt.digest for prompt in all_prompts()} == DIGESTS


def test_they_are_shown_with_version_and_digest(tmp_path: Path) -> None:
    run = coruja(tmp_path, "prompts")
    assert run.returncode == 0, run.stderr
    for prompt in all_prompts():
        assert f"{prompt.name}  version {prompt.version}  {prompt.digest}" in run.stdout
        assert prompt.rules in run.stdout
        assert prompt.asked in run.stdout


def test_programs_get_them_as_json(tmp_path: Path) -> None:
    shown = json.loads(coruja(tmp_path, "prompts", "--json").stdout)["prompts"]
    assert [prompt["name"] for prompt in shown] == ["answer", "draft", "insist", "opinion", "rewrite"]
    assert all(set(prompt) == {"name", "version", "purpose", "rules", "asked", "digest"} for prompt in shown)
