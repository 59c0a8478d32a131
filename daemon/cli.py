"""Door 1, the command line. Here commands are understood; what they do is in daemon/commands.

Imports stand where they are used: a refused second start, and `loom --version`, must not wait for the whole daemon.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from daemon.commands.exits import Exit, exit_code
from daemon.commands.output import note, refuse, say
from daemon.commands.service import Act, Service
from daemon.settings import Settings, load_settings
from packages_store.errors import LoomError
from packages_store.model import StageName

app = typer.Typer(
    name="loom",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it prints local variables, which hold what people wrote
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 not understood, 3 already running, 4 done in part, 75 try again later.",
)
config_app = typer.Typer(name="config", no_args_is_help=True, rich_markup_mode=None, help="Show the settings.")
app.add_typer(config_app)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The package.")]
Stage = Annotated[StageName | None, typer.Argument(help="Only this stage.")]
Item = Annotated[str | None, typer.Argument(metavar="[ITEM]", help="Only this item, by its id.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return when the package rests again.")]


def main() -> None:
    """The console script `loom`."""
    os.umask(0o077)
    app(prog_name="loom")


def _version(asked: bool) -> None:
    if asked:
        say(f"entity-loom {version('entity-loom')}")
        raise typer.Exit


@app.callback()
def loom(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Where everything is kept; LOOM_HOME says the same.")] = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Turn the chats you had with AI companions into an import package.

    `loom serve` runs the daemon. The other commands talk to it, or do their work themselves when none is running.
    """
    context.obj = {"home": home}


# --- the daemon ------------------------------------------------------------------------------------------------------


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="The port of the page; 0 takes any that is free.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
) -> None:
    """Run the daemon in the foreground: the page, and the drop folder."""

    def run(settings: Settings) -> Exit:
        from daemon import start

        start.serve(settings, say)
        return Exit.OK

    _end({**context.obj, "port": port, "host": host}, run, as_json=False)


@app.command()
def login(context: typer.Context, as_json: Json = False) -> None:
    """Print a link that opens the page of the running daemon, once."""
    from daemon.commands import acting

    _ask(context, partial(acting.login, as_json=as_json), as_json=as_json)


# --- handing in and out ----------------------------------------------------------------------------------------------


@app.command("import")
def import_(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Exports, or folders of them; - reads stdin.")],
    package: Annotated[str | None, typer.Option(metavar="NAME", help="The package that gets them.")] = None,
    until: Annotated[StageName | None, typer.Option(help="Stop after this stage.")] = None,
    as_json: Json = False,
) -> None:
    """Import files, and wait for the end."""
    from daemon.commands import acting

    def run(settings: Settings) -> Exit:
        name = package or settings.default_package
        use = partial(acting.hand_in, arguments=files, package=name, until=until, as_json=as_json)
        return _reach(settings, use, works=True)

    _end(context.obj, run, as_json=as_json)


@app.command()
def scan(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end; the daemon looks all the time.")] = False,
    as_json: Json = False,
) -> None:
    """Take what lies in the drop folder, and say what became of each file."""
    from daemon.commands import acting

    if not once:
        raise typer.BadParameter("say --once; `loom serve` is what looks all the time.")
    _ask(context, partial(acting.scan, as_json=as_json), works=True, as_json=as_json)


@app.command()
def explain(
    context: typer.Context, file: Annotated[str, typer.Argument(metavar="FILE")], as_json: Json = False
) -> None:
    """Say why a file of the drop folder was imported, or was not."""
    from daemon.commands import looking

    path = Path(file)
    path = path.absolute() if os.path.lexists(path) else path
    _ask(context, partial(looking.show_explanation, path=path, as_json=as_json), as_json=as_json)


@app.command()
def export(
    context: typer.Context,
    name: Name,
    output: Annotated[str | None, typer.Option("-o", "--output", help="The ZIP to write; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a finished package as one ZIP."""
    from daemon.commands import acting

    use = partial(acting.export, name=name, target=output or f"{name}.zip", force=force, as_json=as_json)
    _ask(context, use, as_json=as_json)


# --- looking ---------------------------------------------------------------------------------------------------------


@app.command()
def status(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this package, in detail.")] = None,
    as_json: Json = False,
) -> None:
    """Show how far every package is, or one of them in detail."""
    from daemon.commands import looking

    use = looking.show_home if name is None else partial(looking.show_package, name=name)
    _ask(context, partial(use, as_json=as_json), as_json=as_json)


@app.command()
def packages(context: typer.Context, as_json: Json = False) -> None:
    """List the packages."""
    from daemon.commands import looking

    _ask(context, partial(looking.show_packages, as_json=as_json), as_json=as_json)


@app.command()
def inspect(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")], as_json: Json = False
) -> None:
    """Show what an import of a file would bring, without importing it."""
    from daemon.commands.inspecting import inspect_file

    _end(context.obj, partial(inspect_file, path=file, as_json=as_json), as_json=as_json)


@app.command()
def repairs(context: typer.Context, as_json: Json = False) -> None:
    """List what was found broken, and what was done about it."""
    from daemon.commands import looking

    _ask(context, partial(looking.show_repairs, as_json=as_json), as_json=as_json)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Examine the home, the machine and every package; exits with 4 for warnings and 1 for errors."""
    from daemon.commands import looking

    _ask(context, partial(looking.show_findings, as_json=as_json), as_json=as_json)


@app.command()
def paths(context: typer.Context, as_json: Json = False) -> None:
    """Show where everything lies."""
    from daemon.commands import looking

    _end(context.obj, partial(looking.show_paths, as_json=as_json), as_json=as_json)


@config_app.command("show")
def config_show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    as_json: Json = False,
) -> None:
    """Show every setting."""
    from daemon.commands import looking

    use = partial(looking.show_config, flags=context.obj, origin=origin, as_json=as_json)
    _end(context.obj, use, as_json=as_json)


# --- deciding --------------------------------------------------------------------------------------------------------


@app.command()
def resume(context: typer.Context, name: Name, stage: Stage = None, wait: Wait = False, as_json: Json = False) -> None:
    """Go on with a package that waits for you: after an abort, an error, or --until."""
    _act(context, "resume", name, stage, wait=wait, as_json=as_json)


@app.command()
def start(context: typer.Context, name: Name, stage: Stage = None, wait: Wait = False, as_json: Json = False) -> None:
    """Start a stage of a package: the one that comes next, or one that was left out."""
    _act(context, "resume", name, stage, wait=wait, as_json=as_json)


@app.command()
def abort(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Stop what runs in a package; it waits for resume, and loses nothing."""
    _act(context, "abort", name, None, as_json=as_json)


@app.command()
def retry(
    context: typer.Context,
    name: Name,
    stage: Stage = None,
    item: Item = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Do again what failed: all of a package, of one stage, or one item."""
    _act(context, "retry", name, stage, item, wait=wait, as_json=as_json)


@app.command()
def skip(
    context: typer.Context,
    name: Name,
    stage: Stage = None,
    item: Item = None,
    whole_stage: Annotated[bool, typer.Option("--whole-stage", help="Leave out all of the stage.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Leave out what failed: all of a package, of one stage, or one item."""
    if whole_stage and (stage is None or item is not None):
        raise typer.BadParameter("--whole-stage needs a stage and no item.")
    _act(context, "skip-stage" if whole_stage else "skip", name, stage, item, wait=wait, as_json=as_json)


# --- below -----------------------------------------------------------------------------------------------------------


def _act(
    context: typer.Context,
    verb: Act,
    name: str,
    stage: StageName | None,
    item: str | None = None,
    *,
    wait: bool = False,
    as_json: bool,
) -> None:
    from daemon.commands import acting

    use = partial(acting.act, verb=verb, name=name, stage=stage, item=item, waits=wait, as_json=as_json)
    _ask(context, use, works=True, as_json=as_json)


def _ask(
    context: typer.Context, use: Callable[[Service], Awaitable[Exit]], *, works: bool = False, as_json: bool
) -> None:
    """Let a command talk to whoever serves the home, and end with its exit code."""
    _end(context.obj, lambda settings: _reach(settings, use, works=works), as_json=as_json)


def _reach(settings: Settings, use: Callable[[Service], Awaitable[Exit]], *, works: bool) -> Exit:
    import anyio

    from daemon.commands.reach import ask

    return anyio.run(partial(ask, settings, use, _in_this_process, works=works))


async def _in_this_process(settings: Settings, use: Callable[[Service], Awaitable[Exit]], *, works: bool) -> Exit:
    import structlog

    from daemon.commands.local import in_this_process
    from daemon.logs import configure

    # What a person should know is in the answer; the log would only stand in its way.
    quiet = settings.log.model_copy(update={"level": "error"})
    configure(quiet, sys.stderr, colors="NO_COLOR" not in os.environ)
    structlog.contextvars.clear_contextvars()
    return await in_this_process(settings, use, works=works)


def _end(flags: dict[str, object], run: Callable[[Settings], Exit], *, as_json: bool) -> None:
    """Run a command and end with its exit code; an expected error becomes a sentence and its own code."""
    try:
        code = run(load_settings(flags, os.environ))
    except KeyboardInterrupt:
        note("loom: stopped. What was done stays; `loom status` shows it.")
        code = Exit.INTERRUPTED
    except Exception as error:
        cause = _cause(error)
        if not isinstance(cause, LoomError | OSError):
            raise
        message, advice = _words(cause)
        refuse(message, advice, as_json=as_json)
        code = exit_code(cause)
    raise typer.Exit(code)


def _cause(error: BaseException) -> BaseException:
    """What went wrong, out of the groups that task groups wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _words(error: LoomError | OSError) -> tuple[str, str]:
    if isinstance(error, LoomError):
        return str(error.args[0]), error.advice
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}.", "`loom doctor` looks for what may be wrong."
