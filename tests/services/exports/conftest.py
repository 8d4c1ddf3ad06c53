"""The settled workspace of the services of lists."""

from tests.services.lists.conftest import settled_folder, workspace

__all__ = ["settled_folder", "workspace"]
