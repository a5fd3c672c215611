"""The command ``bhyt``: one module per noun, loaded only when asked for.

Exit codes are the same everywhere: 0 done, 1 the honest bad outcome, 2 wrong use or an
unusable configuration.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.abc import InspectLoader
from typing import Any

import typer

from adapter import __version__
from adapter.collector import collect_seldom
from adapter.errors import BhytError, ConfigError

# name → "module:attribute"; the attribute is a Typer application, or one function
COMMANDS = {
    "demo": "adapter.cli.gateway.demo_cmd:app",
    "run": "adapter.cli.service.run_cmd:run_command",
    "worker": "adapter.cli.service.run_cmd:worker_command",
    "pause": "adapter.cli.service.pause_cmd:pause_command",
    "resume": "adapter.cli.service.pause_cmd:resume_command",
    "doctor": "adapter.cli.service.doctor_cmd:doctor_command",
    "status": "adapter.cli.service.status_cmd:status_command",
    "queue": "adapter.cli.dossiers.queue_cmd:app",
    "messages": "adapter.cli.dossiers.messages_cmd:app",
    "check": "adapter.cli.dossiers.check_cmd:check_command",
    "sign": "adapter.cli.dossiers.signatures:sign_command",
    "verify": "adapter.cli.dossiers.signatures:verify_command",
    "gateway": "adapter.cli.gateway.gateway_cmd:app",
    "map": "adapter.cli.authoring.map_cmd:app",
    "rules": "adapter.cli.authoring.rules_cmd:app",
    "standard": "adapter.cli.authoring.standard_cmd:app",
    "catalogue": "adapter.cli.authoring.catalogue_cmd:app",
    "config": "adapter.cli.service.config_cmd:app",
    "export": "adapter.cli.dossiers.export_cmd:app",
    "golive": "adapter.cli.gateway.golive_cmd:app",
    "verdict": "adapter.cli.dossiers.verdict_cmd:app",
    "book": "adapter.cli.dossiers.book_cmd:app",
    "compare": "adapter.cli.dossiers.compare_cmd:compare_command",
    "user": "adapter.cli.people.user_cmd:app",
    "audit": "adapter.cli.people.audit_cmd:app",
    "vault": "adapter.cli.service.vault_cmd:app",
    "person": "adapter.cli.people.person_cmd:app",
    "alerts": "adapter.cli.service.alerts_cmd:app",
    "reconcile": "adapter.cli.dossiers.reconcile_cmd:reconcile_command",
    "readiness": "adapter.cli.service.readiness_cmd:app",
    "backup": "adapter.cli.service.backup_cmd:backup_command",
    "restore": "adapter.cli.service.backup_cmd:restore_command",
}


def build(argv: Sequence[str]) -> typer.Typer:
    """The application with the one command that ``argv`` asks for; without one, with the names of all of them."""
    app = typer.Typer(
        name="bhyt",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Từ HIS của bệnh viện đến cổng tiếp nhận BHYT / from the hospital's HIS to the BHYT gateway.",
    )

    @app.callback()
    def _root(
        _version: bool = typer.Option(
            False,  # noqa: FBT003
            "--version",
            help="Phiên bản / version",
            is_eager=True,
            callback=_tell_version,
        ),
    ) -> None:
        pass

    asked = next((word for word in argv if not word.startswith("-")), None)
    if asked in COMMANDS:
        module, attribute = COMMANDS[asked].split(":")
        _add(app, asked, getattr(importlib.import_module(module), attribute))
        return app
    for name, place in COMMANDS.items():
        _add(app, name, _described(place))
    return app


def _add(app: typer.Typer, name: str, target: Any) -> None:
    if isinstance(target, typer.Typer):
        app.add_typer(target, name=name)
    else:
        app.command(name)(target)


def _described(place: str) -> Any:
    """A command as its source describes it, not loaded: a list of commands must not cost all they load."""
    module, attribute = place.split(":")
    spec = importlib.util.find_spec(module)
    source = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
    for node in ast.parse(source or "").body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return _named(attribute, ast.get_docstring(node))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _names(node, attribute):
            told = {one.arg: one.value for one in node.value.keywords}
            return typer.Typer(help=ast.literal_eval(told["help"]))
    # Installed without sources: loading it tells the same.
    return getattr(importlib.import_module(module), attribute)


def _names(node: ast.Assign, attribute: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == attribute for target in node.targets)


def _named(name: str, text: str | None) -> Any:
    def command() -> None:
        pass

    command.__name__, command.__doc__ = name, text
    return command


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"bhyt-adapter {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Entry point. An expected error is one message in the user's language, never a traceback."""
    collect_seldom()
    try:
        build(sys.argv[1:])(standalone_mode=True)
    except ConfigError as error:
        sys.stderr.write(_line(error))
        sys.exit(2)
    except BhytError as error:
        sys.stderr.write(_line(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("BHYT_TRACEBACK") or sys.excepthook.__module__ == "adapter.engine.logs":
            raise  # for a developer, or into a role's own log
        sys.stderr.write(_fault(error))
        sys.exit(1)


def _fault(error: Exception) -> str:
    """Our own fault, by kind and place. Its words and values may be a patient's, and this may be read by anyone."""
    places = traceback.extract_tb(error.__traceback__)[-4:]
    at = " ← ".join(f"{os.path.basename(one.filename)}:{one.lineno}" for one in reversed(places))  # noqa: PTH119
    return (
        f"Lỗi ngoài dự kiến của chương trình ({type(error).__name__}, {at})\n"
        f"  (An unexpected fault of the program; BHYT_TRACEBACK=1 shows all of it, patients' data perhaps)\n"
    )


def _line(error: BhytError) -> str:
    language = os.environ.get("BHYT_LANGUAGE", "vi")
    other = "en" if language == "vi" else "vi"
    return f"{error.text(language)}\n  ({error.text(other)})\n"


if __name__ == "__main__":
    main()
