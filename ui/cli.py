"""The command line: every verb of the product, with each engine imported only by the verb that needs it.

Exit status: 0 all good; 1 an error, told with what to do next; 2 a mistake in how the command was typed; 3 done, but
`index` could not read some of the files, or a batch of `ask` has questions that could not be answered; 130 interrupted.
Who reads the output may stop reading: that is 0.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ingest.errors import CorpusError, IndexMissing, ModelUnavailable, SettingsError, UserError
from ui import console

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.notice import Notice
    from assistant.settings import Settings
    from assistant.workspace import BuildReport
    from index.store import Store

EXIT_PROBLEMS = 3

# What libraries send or look up by default stays off unless the owner's environment says otherwise.
_STAY_LOCAL = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
}


@dataclass
class Call:
    """What was asked for before the verb, and whether the verb prints JSON."""

    workspace: Path | None = None
    debug: bool = False
    as_json: bool = False

    def settings(self, **overrides: object) -> "tuple[Path, Settings]":
        """Find the workspace and read its settings; an override that is None was not given."""
        from assistant.workspace import find_workspace, read_settings

        workspace = find_workspace(self.workspace)
        return workspace, read_settings(workspace, **overrides)

    def settings_anywhere(self, **overrides: object) -> "Settings":
        """Read settings for what needs no workspace: those of this folder, or the defaults."""
        from assistant.workspace import read_settings

        return read_settings(self.workspace or Path.cwd(), **overrides)


class _Group(TyperGroup):
    """The commands, with errors told as a person can read them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  (see `invoke`)
        """Read the options; `--workspace`, the one that every verb heeds, may also stand after the verb."""
        try:
            return super().parse_args(ctx, _workspace_first(args))
        except BrokenPipeError:  # of `--version`, which is printed here
            console.print_nowhere()
            raise typer.Exit from None

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401  (typer does not export its context's base)
        call = ctx.ensure_object(Call)
        try:
            return super().invoke(ctx)
        except UserError as error:
            if call.debug:
                raise
            console.show_error(error, as_json=call.as_json)
        except Exception as error:
            of_typer = type(error).__module__.partition(".")[0] in {"typer", "click"}
            if isinstance(error, BrokenPipeError):
                # Nothing else of ours writes to a pipe without looking after it.
                console.print_nowhere()
                raise typer.Exit from None
            if call.debug or of_typer:
                raise
            told = UserError(
                f"Coruja failed: {type(error).__name__}: {error}", "the same command after `coruja --debug`"
            )
            console.show_error(told, as_json=call.as_json)
        raise typer.Exit(1)


def _workspace_first(args: list[str]) -> list[str]:
    """Return the arguments with `--workspace DIR` before the verb, wherever it stands before a `--`."""
    end = args.index("--") if "--" in args else len(args)
    first: list[str] = []
    rest: list[str] = []
    place = 0
    while place < end:
        word = args[place]
        if word == "--workspace" and place + 1 == end:
            return [word]  # without a folder: the error is to say so
        taken = 2 if word == "--workspace" else 1
        (first if taken == 2 or word.startswith("--workspace=") else rest).extend(args[place : place + taken])
        place += taken
    return [*first, *rest, *args[end:]]


def _remember_json(ctx: typer.Context, as_json: bool) -> bool:
    ctx.ensure_object(Call).as_json = as_json
    return as_json


Json = Annotated[bool, typer.Option("--json", callback=_remember_json, help="Print JSON and nothing else.")]
Hits = Annotated[int | None, typer.Option("-k", "--hits", help="How many hits; the setting `k` when not given.")]
Writer = Annotated[str | None, typer.Option(help="Who writes: auto, extractive or ollama.")]

app = typer.Typer(
    name="coruja",
    cls=_Group,
    help="Answers questions in Portuguese from a folder of documents, with the evidence shown line by line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
measure = typer.Typer(help="Measure retrieval and answers on a data set.", no_args_is_help=True)
app.add_typer(measure, name="eval")
embedding_models = typer.Typer(invoke_without_command=True)
app.add_typer(embedding_models, name="embedders")
models = typer.Typer(help="List chat models, or have Ollama download one.", invoke_without_command=True)
app.add_typer(models, name="models")
history = typer.Typer(help="The built indexes that are kept: list, compare, verify, go back.", no_args_is_help=True)
app.add_typer(history, name="generations")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"coruja {version('coruja')}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None, typer.Option(help="Folder that holds `corpus/` or `coruja.toml`; else at or above this folder.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Keep what was asked for before the verb."""
    call = ctx.ensure_object(Call)
    call.workspace, call.debug = workspace, debug


def _build(workspace: Path, settings: "Settings", shard: tuple[int, int] | None = None) -> "BuildReport":
    from assistant.workspace import build

    with console.progress_bar("Indexing") as advance:
        return build(workspace, settings, progress=advance, shard=shard)


def _open(call: Call, **overrides: object) -> "Assistant":
    """Open the assistant; where nothing was indexed yet, index first."""
    from assistant.assistant import Assistant

    workspace, settings = call.settings(**overrides)
    try:
        return Assistant.open(workspace, settings)
    except IndexMissing:
        console.say("No index yet: building it now, once.")
        report = _build(workspace, settings)
        for problem in report.problems:
            console.say(f"problem {problem.path}: {problem.why} — {problem.fix}")
        return Assistant.open(workspace, settings)


@app.command()
def index(
    ctx: typer.Context,
    corpus: Annotated[Path | None, typer.Argument(help="Folder of documents; the workspace's when not given.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and index every change; Ctrl-C ends.")] = False,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Index part I of N, for N machines and one Milvus.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the index up to the corpus: only what changed is read. Exit status 3: some files could not be read."""
    call = ctx.ensure_object(Call)
    if corpus:
        _make_workspace(call, corpus)
    workspace, settings = call.settings(corpus=corpus.absolute() if corpus else None)
    if watch and shard:
        raise SettingsError("A shard cannot be watched.", "Leave out --watch or --shard.")
    if watch:
        _watch(workspace, settings, as_json=as_json)
        return
    report = _build(workspace, settings, _shard(shard) if shard else None)
    if as_json:
        console.print_json(console.report_dict(report))
    else:
        console.print_report(report)
    if report.problems:
        raise typer.Exit(EXIT_PROBLEMS)


def _shard(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise SettingsError(f"'{text}' is no part of a whole.", "Write it as --shard 1/4, --shard 2/4 and so on.")
    return int(number), int(of)


def _watch(workspace: Path, settings: "Settings", *, as_json: bool) -> None:
    """Index every change until interrupted, with a line (or a JSON object a line) for each build."""
    from threading import Event

    from assistant.watch import watch

    def tell(outcome: "BuildReport | UserError") -> None:
        if isinstance(outcome, UserError):
            console.show_error(outcome, as_json=as_json)
        elif as_json:
            console.print_json(console.report_dict(outcome))
        else:
            console.print_report(outcome)

    watch(workspace, settings, tell, Event())


def _make_workspace(call: Call, corpus: Path) -> None:
    """Where there is no workspace yet, make this folder one, so that `ask` finds what `index` builds."""
    from assistant.workspace import SETTINGS_NAME, find_workspace

    try:
        find_workspace(call.workspace)
    except CorpusError:
        if not corpus.is_dir():
            raise CorpusError(f"{corpus} is not a folder.", "Name the folder that holds the documents.") from None
        settings = (call.workspace or Path.cwd()) / SETTINGS_NAME
        settings.write_text(f"corpus = {json.dumps(str(corpus.absolute()), ensure_ascii=False)}\n", encoding="utf-8")
        console.say(f"This folder is a workspace now: {settings}")


@app.command()
def repair(files: Annotated[list[Path], typer.Argument(help="Files to repair.")], as_json: Json = False) -> None:
    """Write files with a damaged encoding back repaired, each beside a copy of what it was."""
    from ingest.repair import repair_file

    repairs: list[tuple[Path, Path | None]] = []
    failures: list[UserError] = []
    for path in files:
        try:
            repairs.append((path, repair_file(path)))
        except UserError as error:
            failures.append(error)
    if as_json:
        done = [{"file": str(path), "backup": str(backup) if backup else None} for path, backup in repairs]
        errors = [{"error": failure.message, "next": failure.next_step} for failure in failures]
        console.print_json({"files": done, "errors": errors})
    else:
        console.print_repairs(repairs)
    for failure in failures:
        console.show_error(failure, as_json=False)
    if failures:
        raise typer.Exit(1)


@app.command()
def ask(
    ctx: typer.Context,
    question: Annotated[str | None, typer.Argument(help="The question, in quotes.")] = None,
    writer: Writer = None,
    k: Hits = None,
    batch: Annotated[
        str | None, typer.Option(metavar="FILE", help="Questions: .csv, .jsonl or .txt; `-` for standard input.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where a batch's answers go, as JSON lines.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Questions of a batch asked at the same time.")] = None,
    as_json: Json = False,
) -> None:
    """Answer one question, with the lines that say so; or a batch of them. Exit status 3: some rows failed."""
    if (question is None) == (batch is None):
        raise typer.BadParameter("Give a question, or --batch FILE with --out FILE.")
    if batch is not None:
        if out is None:
            raise typer.BadParameter("--batch needs --out FILE for the answers.")
        _ask_batch(ctx.ensure_object(Call), batch, out, writer=writer, k=k, jobs=jobs)
        return
    assistant = _open(ctx.ensure_object(Call), writer=writer, k=k)
    if question is None:
        return
    if as_json:
        console.print_json(assistant.ask(question).to_dict())
    else:
        console.print_stream(assistant.stream(question, ()))


def _ask_batch(call: Call, batch: str, out: Path, **overrides: object) -> None:
    from assistant.batch import parse_questions, read_questions, run_batch
    from ingest.encoding import decode

    rows = parse_questions(decode(sys.stdin.buffer.read())) if batch == "-" else read_questions(Path(batch))
    assistant = _open(call, **overrides)
    try:
        with console.progress_bar("Asking") as advance:
            report = run_batch(assistant.ask, rows, out, jobs=assistant.settings.jobs, progress=advance)
    except KeyboardInterrupt:
        console.say("Interrupted. The same command goes on where it stopped.")
        raise
    if call.as_json:
        console.print_json(console.batch_dict(report, out))
    else:
        console.print_batch(report, out)
    if report.failed:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Words or a question, in quotes.")],
    k: Hits = None,
    as_json: Json = False,
) -> None:
    """List the chunks found for a query, best first, without writing an answer."""
    from assistant.answer import hit_dict

    assistant = _open(ctx.ensure_object(Call), k=k)
    hits = assistant.search(query, assistant.settings.k)
    if as_json:
        console.print_json({"query": query, "hits": [hit_dict(hit) for hit in hits]})
    else:
        console.print_hits(hits)


@app.command()
def chat(ctx: typer.Context, writer: Writer = None, as_json: Json = False) -> None:
    """Ask and ask on, each question seen with those before it. `/quit` ends."""
    from assistant.answer import Turn

    assistant = _open(ctx.ensure_object(Call), writer=writer)
    if not as_json:
        console.say("Ask away; /quit ends.")
    history: list[Turn] = []
    told: tuple[Notice, ...] = ()
    while (question := _next_question()) is not None:
        if not question:
            continue
        if as_json:
            answer = assistant.ask(question, history)
            console.print_json(answer.to_dict())
        else:
            answer = console.print_stream(assistant.stream(question, history), told)
        told = answer.notices
        history.append(Turn(question, answer.text))


def _next_question() -> str | None:
    """Read one question; None at the end."""
    if sys.stdin.isatty():
        with suppress(ImportError):  # Windows has none: its terminal does that itself
            import readline  # noqa: F401  (line editing and recall at the prompt)
    try:
        line = input("🦉 " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return None
    return None if line in {"/quit", "/exit", "/q"} else line


@app.command()
def ui(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port; a free one is taken if it is busy.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in the browser.")] = False,
) -> None:
    """Open the chat page on this machine (127.0.0.1)."""
    call = ctx.ensure_object(Call)
    assistant = _open(call, port=port)
    from ui.examples import example_questions
    from ui.web import serve

    questions = example_questions(assistant.index.topics())
    with _kept_up(call, assistant):
        serve(assistant, questions, port=assistant.settings.port, announce=typer.echo, browser=browser)


@contextmanager
def _kept_up(call: Call, assistant: "Assistant") -> Iterator[None]:
    """Watch the corpus meanwhile, so that the answers know of an edit moments after it is saved."""
    from threading import Event, Thread

    from assistant.watch import following, watch

    def tell(outcome: "BuildReport | UserError") -> None:
        # A terminal that was closed must not end the watch: the page goes on answering.
        with suppress(OSError, ValueError):
            if isinstance(outcome, UserError):
                console.show_error(outcome, as_json=False)
            elif not outcome.unchanged:
                console.print_report(outcome)

    workspace, _ = call.settings()
    stop = Event()
    options = {"stop": stop, "embedder": assistant.index.embedder}
    watcher = Thread(
        target=watch, args=(workspace, assistant.settings, following(assistant, tell)), kwargs=options, daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


Name = Annotated[str, typer.Argument(help="Name of a generation, or how it begins.")]


def _store(ctx: typer.Context) -> "Store":
    from assistant.workspace import open_store

    return open_store(*ctx.ensure_object(Call).settings())


@history.command("list")
def list_generations(ctx: typer.Context, as_json: Json = False) -> None:
    """List the generations, the newest first; the one that answers is marked."""
    console.print_generations(_store(ctx).generations(), as_json=as_json)


@history.command("verify")
def verify_generations(ctx: typer.Context, as_json: Json = False) -> None:
    """Read every file of every generation and compare its checksum. Exit status 1: something is damaged."""
    found = _store(ctx).generations(look_into=True)
    console.print_generations(found, as_json=as_json)
    if any(generation.damage for generation in found):
        raise typer.Exit(1)


@history.command("diff")
def diff_generations(ctx: typer.Context, before: Name, after: Name, as_json: Json = False) -> None:
    """Show the documents and chunks that one generation adds to, changes in and removes from another."""
    console.print_difference(_store(ctx).diff(before, after), as_json=as_json)


@history.command("promote")
def promote_generation(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Serve a generation, once it is verified. The next `coruja index` brings the index up to the corpus again."""
    console.print_served(_store(ctx).promote(name), as_json=as_json)


@history.command("rollback")
def rollback_generation(ctx: typer.Context, as_json: Json = False) -> None:
    """Serve the generation before the served one."""
    console.print_served(_store(ctx).rollback(), as_json=as_json)


@history.command("prune")
def prune_generations(
    ctx: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="How many to keep, the served one among them.")],
    as_json: Json = False,
) -> None:
    """Remove the oldest generations. The served one always stays."""
    removed = _store(ctx).prune(keep)
    if as_json:
        console.print_json({"removed": removed})
    else:
        typer.echo("\n".join(f"removed {name}" for name in removed) or "Nothing to remove.")


@measure.command("run")
def eval_run(
    ctx: typer.Context,
    dataset: Annotated[Path, typer.Argument(help="A .jsonl or .csv file, or a packaged set (aws_sagemaker).")],
    split: Annotated[str | None, typer.Option(help="Only this part of the data set.")] = None,
    writer: Writer = None,
    k: Hits = None,
    as_json: Json = False,
) -> None:
    """Ask every question of a data set and measure retrieval, answers, citations and abstention."""
    from eval.dataset import read_dataset
    from eval.run import run_dataset

    examples = read_dataset(dataset, split=split)
    assistant = _open(ctx.ensure_object(Call), writer=writer, k=k)
    with console.progress_bar("Asking") as advance:
        report = run_dataset(assistant, examples, name=dataset.stem, progress=advance)
    if as_json:
        console.print_json(report.to_dict())
    else:
        console.print_measures({"all": report.measures(), **report.by_kind()})


@measure.command("beir")
def eval_beir(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    embedder: Annotated[
        str | None, typer.Option(help="Embedding model; the setting `embedder` when not given.")
    ] = None,
    reranker: Annotated[str | None, typer.Option(help="Reranker; the setting `reranker` when not given.")] = None,
    as_json: Json = False,
) -> None:
    """Measure retrieval alone on a folder in BEIR layout, through the same index as answers."""
    from assistant.workspace import open_embedder, open_reranker
    from eval.beir import run_beir

    settings = ctx.ensure_object(Call).settings_anywhere(embedder=embedder, reranker=reranker)
    with console.progress_bar("Measuring") as advance:
        result = run_beir(folder, open_embedder(settings), reranker=open_reranker(settings), progress=advance)
    console.print_result(folder.name, result, as_json=as_json)


@measure.command("answers")
def eval_answers(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and answers.jsonl.")],
    as_json: Json = False,
) -> None:
    """Measure quoted answers on a folder in BEIR layout with answers: the sentence, and the span marked in it."""
    from eval.answers import run_answers

    settings = ctx.ensure_object(Call).settings_anywhere()
    with console.progress_bar("Measuring") as advance:
        result = run_answers(folder, settings, progress=advance)
    console.print_result(folder.name, result, as_json=as_json)


@embedding_models.callback()
def embedders(ctx: typer.Context, as_json: Json = False) -> None:
    """List the embedding models and rerankers that are ready to be chosen, and which are on this machine."""
    if ctx.invoked_subcommand:
        return
    from ui.embedders import choices

    found = choices(ctx.ensure_object(Call).settings_anywhere())
    if as_json:
        console.print_json({"models": [choice.to_dict() for choice in found]})
    else:
        console.print_choices(found)


@embedding_models.command()
def pull(name: Annotated[str, typer.Argument(help="A name or alias of the list, or any other hub name.")]) -> None:
    """Download a model from the Hugging Face hub. Nothing is downloaded unasked."""
    from ui.embedders import fetch

    folder = fetch(name, progress=sys.stderr.isatty())
    console.say(f"{name} is on this machine now: {folder}")


@models.callback()
def list_models(ctx: typer.Context, as_json: Json = False) -> None:
    """List the models that Ollama has and the small ones known to write Portuguese."""
    if ctx.invoked_subcommand:
        return
    from assistant.models import catalogue, installed

    settings = ctx.ensure_object(Call).settings_anywhere()
    try:
        there, away = installed(settings.ollama_url), None
    except ModelUnavailable as error:
        there, away = [], error
    if as_json:
        console.print_json(console.models_dict(there, catalogue(), settings.model, away))
    else:
        console.print_models(there, catalogue(), settings.model, away)


@models.command("pull")
def pull_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="As Ollama names it: qwen3:4b-instruct.")],
    as_json: Json = False,
) -> None:
    """Have Ollama download a model. What is there when it is interrupted is kept."""
    from assistant.models import pull

    settings = ctx.ensure_object(Call).settings_anywhere()
    try:
        with console.progress_bar(f"Downloading {name}", in_bytes=True) as advance:
            for step in pull(name, settings.ollama_url):
                advance(step.done, step.total, step.what)
    except KeyboardInterrupt:
        console.say(f"Interrupted. The same command goes on where it stopped: coruja models pull {name}")
        raise
    if as_json:
        console.print_json({"model": name, "status": "success"})
    else:
        typer.echo(f'{name} is there. To write with it: CORUJA_MODEL={name}, or `model = "{name}"` in coruja.toml')


@app.command()
def prompts(as_json: Json = False) -> None:
    """Show what a model is told, each prompt with its version and digest."""
    from assistant.prompt import all_prompts

    shown = [asdict(prompt) | {"digest": prompt.digest} for prompt in all_prompts()]
    if as_json:
        console.print_json({"prompts": shown})
    else:
        console.print_prompts(shown)


@app.command()
def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Say what works, what is missing, and the command that mends it."""
    from ui.doctor import examine, works

    checks = examine(ctx.ensure_object(Call).workspace)
    if as_json:
        console.print_json({"works": works(checks), "checks": [check.to_dict() for check in checks]})
    else:
        console.print_checks(checks)
    if not works(checks):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    for name, value in _STAY_LOCAL.items():
        os.environ.setdefault(name, value)
    console.write_anything()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        console.flush()
