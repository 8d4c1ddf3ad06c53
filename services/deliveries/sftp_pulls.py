"""Files of a server pulled into a workspace, each as a delivery.

Called by ``services.deliveries.pulls``. A file is remembered by name, size, time and digest, so it is fetched once. A delivery is known by
its content, so one that is fetched again changes nothing. Files are moved on the server only after what was taken in is noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from services.deliveries.pull_notes import PendingPull, PullState
from services.deliveries.pull_tasks import PulledFile, PullTask, take_in

if TYPE_CHECKING:
    from connectors.pickup.forms import SecretForm, SftpForm
    from connectors.pickup.sftp import FileServer, RemoteFile


def pull_files(task: PullTask, form: SftpForm) -> tuple[list[PulledFile], list[str]]:
    """Take in the finished files of a server that were not taken in before; also the names of those that wait.

    Raises:
        Unreachable: there is no such server or folder, or it lets nobody in; files that were taken in stay so.
    """
    from connectors.pickup.sftp import ChangingFile, RemoteFile

    server, notes = _server(task, form), task.notes
    before = notes.state()
    if before.about != _about(form):
        before = PullState(number=before.number, delivery=before.delivery, about=_about(form))
    last = [RemoteFile(name, *stamp) for name, stamp in before.listing.items()]
    finished, unfinished = server.listing(form.quiet.total_seconds(), last)
    names = {file.name for file in (*finished, *unfinished)}
    state = replace(
        before,
        started=task.now.isoformat(),
        listing={file.name: [file.size, file.time] for file in (*finished, *unfinished)},
        files={name: facts for name, facts in before.files.items() if name in names},
    )
    notes.note(state)
    files, waiting = list[PulledFile](), [file.name for file in unfinished]
    for file in finished:
        if state.files.get(file.name, [])[:2] == [file.size, file.time]:
            continue
        try:
            files.append(_fetch(task, server, file, state))
        except ChangingFile:
            waiting.append(file.name)
            continue
        state = notes.state()
    if form.move_to is not None:
        _move_away(task, server, finished, state)
    return files, waiting


def _fetch(task: PullTask, server: FileServer, file: RemoteFile, state: PullState) -> PulledFile:
    """Fetches a file and takes it in. One that is refused is remembered, too: it is not fetched again until it changes."""
    from connectors.parsing.steady import Steady

    path = task.notes.folder / "files" / file.name
    server.fetch(file, path)
    digest = Steady(path).digest()
    behind = replace(state, number=state.number + 1, digest=digest, files={**state.files, file.name: [file.size, file.time, digest]})
    pending = PendingPull(f"files/{file.name}", digest, None, False, behind, behind)
    task.notes.begin(pending)
    return take_in(task, pending)


def _move_away(task: PullTask, server: FileServer, finished: Iterable[RemoteFile], state: PullState) -> None:
    """Moves what was taken in or refused, as far as it is the file that was listed.

    It is forgotten first: another file may come under the same name. After a stop between both it is fetched again, and known by content.
    """
    names = [file.name for file in finished if state.files.get(file.name, [])[:2] == [file.size, file.time]]
    if names:
        task.notes.note(replace(state, files={name: facts for name, facts in state.files.items() if name not in names}))
        server.put_away(names)


def _about(form: SftpForm) -> str:
    """The place of the files: what is remembered of another says nothing."""
    return f"{form.user}@{form.host}:{form.port}{form.folder}"


def _server(task: PullTask, form: SftpForm) -> FileServer:
    from connectors.pickup.sftp import FileServer
    from connectors.pickup.ways_in import secret_of

    root, environment = task.workspace.root, task.workspace.environment

    def secret(place: SecretForm | None) -> str | None:
        return None if place is None else secret_of(place, root, environment)

    return FileServer(form, root / form.known_hosts, secret(form.key), secret(form.passphrase), secret(form.password))
