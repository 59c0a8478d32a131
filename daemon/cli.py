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
    epilog="Exit codes: 0 done, 1 failed, 2 not understood, 3 already running, 4 done in part, 5 budget spent, "
    "75 try again later. `loom help` lists topics that are explained.",
)
config_app = typer.Typer(name="config", no_args_is_help=True, rich_markup_mode=None, help="Show the settings.")
app.add_typer(config_app)
service_app = typer.Typer(
    name="service", no_args_is_help=True, rich_markup_mode=None, help="The daemon as a service of this machine."
)
app.add_typer(service_app)
engine_app = typer.Typer(
    name="engine", no_args_is_help=True, rich_markup_mode=None, help="The language model: set it up, and test it."
)
app.add_typer(engine_app)

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
    flags = {**context.obj, "port": port, "host": host}

    def run(settings: Settings) -> Exit:
        from daemon import start

        start.serve(settings, say, partial(load_settings, flags, os.environ))
        return Exit.OK

    _end(flags, run, as_json=False)


@app.command("help")
def help_(
    topic: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="One of the topics; all without one.")] = None,
    as_json: Json = False,
) -> None:
    """Explain a topic, or list them: start, stages, engine, trouble, environment."""
    from daemon.commands.helping import explain_topic

    raise typer.Exit(explain_topic(topic, as_json=as_json))


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
        name = settings.default_package if package is None else package
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
    commit_only: Annotated[
        bool, typer.Option("--commit-only", help="Commit what is included first, and make no memories.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a finished package as one ZIP."""
    from daemon.commands import acting, conversations

    write = conversations.commit_and_export if commit_only else acting.export
    use = partial(write, name=name, target=output or f"{name}.zip", force=force, as_json=as_json)
    _ask(context, use, works=commit_only, as_json=as_json)


# --- review ----------------------------------------------------------------------------------------------------------


@app.command()
def conversations(
    context: typer.Context,
    *,
    name: Name,
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only these, by their ids.")] = None,
    text: Annotated[str, typer.Option(help="Words that the title or one message holds.")] = "",
    platform: Annotated[list[str] | None, typer.Option(help="Of this platform.")] = None,
    tagged: Annotated[list[str] | None, typer.Option(metavar="TAG", help="With this tag.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="With messages from this day on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="With messages up to this day.")] = None,
    least_messages: Annotated[int | None, typer.Option(min=0)] = None,
    most_messages: Annotated[int | None, typer.Option(min=0)] = None,
    excluded: Annotated[bool | None, typer.Option("--excluded/--included", help="Left out, or not.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Against the last commit: new, updated, unchanged.")] = None,
    compared: Annotated[list[str] | None, typer.Option(help="Against `loom compare`: new, changed, existing.")] = None,
    every: Annotated[bool, typer.Option("--all", help="To change all of them without a filter.")] = False,
    sort: Annotated[str, typer.Option(help="date, title, platform, messages or size.")] = "date",
    ascending: Annotated[bool, typer.Option("--ascending", help="The smallest or oldest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many are listed.")] = 50,
    exclude: Annotated[
        bool | None, typer.Option("--exclude/--include", help="Leave them out, or take them in again.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Set this tag.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Take this tag away.")] = None,
    as_json: Json = False,
) -> None:
    """List conversations, or decide about those that fit: --exclude, --include, --tag, --untag."""
    from daemon.commands import conversations

    given: dict[str, object] = {
        "text": text,
        "platform": platform,
        "tag": tagged,
        "since": since,
        "until": until,
        "least_messages": least_messages,
        "most_messages": most_messages,
        "excluded": excluded,
        "state": state,
        "compared": compared,
    }
    choice = {key: value for key, value in given.items() if value not in (None, "", [])}
    order = {"sort": sort, "descending": not ascending}
    if problem := conversations.problem_of(choice, order):
        raise typer.BadParameter(problem)
    changes = {"excluded": exclude, "tag": tag or [], "untag": untag or []}
    is_change = exclude is not None or bool(tag) or bool(untag)
    if is_change and bool(ids) + bool(choice) + every != 1:
        raise typer.BadParameter("say which conversations to change: by --id, by a filter, or --all.")
    if ids and not is_change:
        raise typer.BadParameter("--id goes with --exclude, --include, --tag or --untag.")
    which: dict[str, object] = {"ids": ids} if ids else {"choice": choice}
    change = partial(conversations.change_conversations, change=changes | which)
    show = partial(conversations.show_conversations, choice=choice, order=order, limit=limit)
    _ask(context, partial(change if is_change else show, name=name, as_json=as_json), works=is_change, as_json=as_json)


@app.command()
def search(
    context: typer.Context,
    name: Name,
    words: Annotated[list[str], typer.Argument(metavar="TEXT...", help="Words that one message holds all of.")],
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many messages are shown.")] = 20,
    as_json: Json = False,
) -> None:
    """Search the messages of a package; any text will do."""
    from daemon.commands import conversations

    use = partial(conversations.show_hits, name=name, words=words, limit=limit, as_json=as_json)
    _ask(context, use, as_json=as_json)


@app.command()
def compare(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The chats.db of the companion.")],
    as_json: Json = False,
) -> None:
    """Show what a companion with chats of its own would take; its file is only read."""
    from daemon.commands import conversations

    use = partial(conversations.compare, name=name, path=file.absolute(), as_json=as_json)
    _ask(context, use, works=True, as_json=as_json)


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


@app.command()
def plan(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this package.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="List the items, and why each would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Show what would be done now, why, and what the language model would cost."""
    from daemon.commands import costs

    _ask(context, partial(costs.show_plan, name=name, explain=explain, as_json=as_json), as_json=as_json)


@app.command()
def lineage(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="FILE|ID", help="A memory, or a node or edge of the graph.")],
    package: Annotated[str | None, typer.Option(metavar="NAME", help="The package it belongs to.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a memory, a node or an edge rests on, down to the messages."""
    from daemon.commands.lineage import show_lineage

    _trace(context, show_lineage, subject, package, as_json=as_json)


@app.command()
def impact(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="CONVERSATION", help="Its id, or that of a message.")],
    package: Annotated[str | None, typer.Option(metavar="NAME", help="The package it belongs to.")] = None,
    as_json: Json = False,
) -> None:
    """Show what rests on a conversation or on one message: memories, and what the graph makes of them."""
    from daemon.commands.lineage import show_impact

    _trace(context, show_impact, subject, package, as_json=as_json)


@app.command()
def costs(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this package.")] = None,
    as_json: Json = False,
) -> None:
    """Show what the language model has cost so far, and what it may cost."""
    from daemon.commands import costs

    _ask(context, partial(costs.show_costs, name=name, as_json=as_json), as_json=as_json)


@app.command("support-bundle")
def support_bundle(
    context: typer.Context,
    output: Annotated[str, typer.Option("-o", "--output", help="The ZIP to write; - is stdout.")] = "loom-support.zip",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write what helps others to see what is wrong: figures and states, no texts, names or keys."""
    from daemon.commands import support

    def run(settings: Settings) -> Exit:
        target = None if output == "-" else Path(output).absolute()
        if target is not None and target.exists() and not force:
            raise typer.BadParameter(f"{output} exists: name another file with -o, or say --force.")
        use = partial(support.support_bundle, settings=settings, target=target, as_json=as_json)
        return _reach(settings, use, works=False)

    _end(context.obj, run, as_json=as_json)


# --- the service -----------------------------------------------------------------------------------------------------

System = Annotated[bool, typer.Option("--system", help="For the whole machine, with a user of its own.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@service_app.command("install")
def service_install(
    context: typer.Context,
    system: System = False,
    dry_run: DryRun = False,
    key_file: Annotated[
        Path | None, typer.Option("--llm-key", metavar="FILE", help="Where the key of the language model is.")
    ] = None,
    linger: Annotated[bool | None, typer.Option(help="Let it run while you are not logged in.")] = None,
) -> None:
    """Run the daemon as a service that starts with the machine."""
    from daemon.commands import service_install

    use = partial(service_install.install, system=system, dry_run=dry_run, key_file=key_file, linger=linger)
    _end(context.obj, use, as_json=False)


@service_app.command("uninstall")
def service_uninstall(context: typer.Context, system: System = False, dry_run: DryRun = False) -> None:
    """Stop the service, and take away what install changed; the home stays."""
    from daemon.commands import service_install

    _end(context.obj, partial(service_install.uninstall, system=system, dry_run=dry_run), as_json=False)


@service_app.command("status")
def service_status(context: typer.Context, system: System = False) -> None:
    """Show what the service manager says."""
    from daemon.commands import service_install

    _end(context.obj, partial(service_install.status, system=system), as_json=False)


@service_app.command("logs")
def service_logs(
    context: typer.Context,
    system: System = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="How many lines.")] = 100,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as lines come.")] = False,
) -> None:
    """Show the log of the service."""
    from daemon.commands import service_install

    _end(context.obj, partial(service_install.logs, system=system, lines=lines, follow=follow), as_json=False)


# --- deciding --------------------------------------------------------------------------------------------------------


@app.command()
def resume(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The package.")] = None,
    stage: Stage = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait for you; it also leaves safe mode.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Go on with a package that waits for you: after an abort, an error, or --until."""
    from daemon.commands import support

    if every == (name is not None):
        raise typer.BadParameter("name a package, or say --all.")
    if name is None:
        _ask(context, partial(support.resume_all, as_json=as_json), works=True, as_json=as_json)
    else:
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


# --- the language model ----------------------------------------------------------------------------------------------


@engine_app.command("show")
def engine_show(context: typer.Context, as_json: Json = False) -> None:
    """Show which language model is asked, and how."""
    from daemon.commands import engine

    _ask(context, partial(engine.show, as_json=as_json), as_json=as_json)


@engine_app.command("test")
def engine_test(context: typer.Context, as_json: Json = False) -> None:
    """Ask the language model something small: whether it works, and how fast."""
    from daemon.commands import engine

    _ask(context, partial(engine.test, as_json=as_json), as_json=as_json)


@engine_app.command("set")
def engine_set(
    context: typer.Context,
    options: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="Such as preset=ollama model=NAME.")],
    as_json: Json = False,
) -> None:
    """Choose the language model; an empty value takes an option away."""
    from daemon.commands import engine

    _ask(context, partial(engine.configure, assignments=options, as_json=as_json), as_json=as_json)


@engine_app.command("key")
def engine_key(
    context: typer.Context,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the key.")] = False,
    as_json: Json = False,
) -> None:
    """Enter the key of the language model; in a pipe it is the first line of standard input."""
    from daemon.commands import engine

    _ask(context, partial(engine.key, forget=forget, as_json=as_json), as_json=as_json)


@app.command("settings")
def settings_(
    context: typer.Context,
    name: Name,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE...]", help="Such as after_crash=ask.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the settings of a package, or change some; what depends on them is made anew."""
    from daemon.commands import packages

    use = partial(packages.settings, name=name, assignments=changes or [], as_json=as_json)
    _ask(context, use, works=bool(changes), as_json=as_json)


@app.command()
def delete(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Move a package into the trash, from where restore takes it back."""
    from daemon.commands import packages

    _ask(context, partial(packages.delete, name=name, yes=yes, as_json=as_json), works=True, as_json=as_json)


@app.command()
def restore(
    context: typer.Context,
    entry: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="From the list that it prints without one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take a deleted package out of the trash, or list what is in it."""
    from daemon.commands import packages

    _ask(context, partial(packages.restore, entry=entry, as_json=as_json), works=True, as_json=as_json)


@app.command()
def budget(
    context: typer.Context,
    name: Name,
    amount: Annotated[
        str | None, typer.Argument(metavar="[AMOUNT]", help="US dollars, none, or default for what the settings say.")
    ] = None,
    day: Annotated[str | None, typer.Option(metavar="AMOUNT", help="For a day, of all packages together.")] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Say how much the language model may cost for a package; what a spent budget stopped goes on."""
    from daemon.commands import costs

    use = partial(costs.budget, name=name, amount=amount, day=day, waits=wait, as_json=as_json)
    _ask(context, use, works=wait or amount is not None or day is not None, as_json=as_json)


@app.command()
def review(
    context: typer.Context,
    name: Name,
    keep: Annotated[str | None, typer.Option(metavar="ID", help="Let this one be a memory.")] = None,
    drop: Annotated[str | None, typer.Option(metavar="ID", help="Leave this one out for good.")] = None,
    as_json: Json = False,
) -> None:
    """List what the quality gate holds back, with its reasons; keep or drop one of it."""
    from daemon.commands.review import review as run

    if keep is not None and drop is not None:
        raise typer.BadParameter("--keep and --drop exclude each other.")
    use = partial(run, name=name, keep=keep, drop=drop, as_json=as_json)
    _ask(context, use, works=keep is not None, as_json=as_json)


# --- below -----------------------------------------------------------------------------------------------------------


def _trace(
    context: typer.Context, show: Callable[..., Awaitable[Exit]], subject: str, package: str | None, *, as_json: bool
) -> None:
    def run(settings: Settings) -> Exit:
        name = settings.default_package if package is None else package
        return _reach(settings, partial(show, name=name, subject=subject, as_json=as_json), works=False)

    _end(context.obj, run, as_json=as_json)


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
