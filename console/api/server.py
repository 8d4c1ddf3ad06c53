"""The server: uvicorn with the application, until a signal stops it."""

from __future__ import annotations

from pathlib import Path

import uvicorn

from console.api.app import application
from console.api.front import Front
from infra.service.processes import Service


def serve(service: Service, root: Path, host: str, port: int) -> int:
    """Serves until a signal stops it; returns the exit code of the engine."""
    config = uvicorn.Config(
        application(Front(service, root, "1")), host=host, port=port, log_config=None, access_log=False, server_header=False, date_header=True,
        timeout_keep_alive=20, timeout_graceful_shutdown=20, lifespan="on",
    )  # fmt: skip
    uvicorn.Server(config).run()
    return service.close()
