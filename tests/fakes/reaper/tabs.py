"""The project tabs of a host, and the files they are saved in."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.reaper import rpp
from tests.fakes.reaper.project import Project, UndoPoint


class Tabs:
    """Tabs: `project` is the current one, `projects` all of them."""

    def __init__(self, media: Path) -> None:
        media.mkdir(exist_ok=True)
        self.media = media
        self.undo_restores_ext_state = False
        self._saved: dict[Path, Project] = {}
        self.projects: list[Project] = []
        self.project = self.open_project()

    def open_project(self, path: Path | None = None) -> Project:
        """Open a tab and make it the current one: what was saved at the path, or an empty project."""
        project = self._load(path)
        self.projects.append(project)
        self.project = project
        return project

    def _load(self, path: Path | None) -> Project:
        project = Project(self.media, path)
        if path is not None and path in self._saved:
            project.take_over(self._saved[path])
        return project

    def select_project(self, project: Project) -> None:
        """Make a tab the current one."""
        self.project = project

    def close_project(self, project: Project | None = None) -> None:
        """Close a tab: every pointer into it dies."""
        closing = project or self.project
        closing.closed = True
        index = self.projects.index(closing)
        self.projects.remove(closing)
        if not self.projects:
            self.open_project()
        if self.project is closing:
            self.project = self.projects[max(0, index - 1)]

    def replace_current(self, path: Path) -> Project:
        """Open a project in the current tab, as File: Open does."""
        project = self._load(path)
        self.project.closed = True
        self.projects[self.projects.index(self.project)] = project
        self.project = project
        return project

    def save(self, path: Path, project: Project | None = None) -> Path:
        """Save a project as .RPP: from then on its ext state is on disk."""
        saved = project or self.project
        rpp.write(saved, path)
        if saved.path is None:
            saved.path = path
        saved.keep()
        self._saved[path] = saved
        return path

    def undo(self) -> bool:
        """Undo in the current tab, as Ctrl+Z does."""
        return self.project.undo(ext_state=self.undo_restores_ext_state)

    def redo(self) -> bool:
        """Redo in the current tab."""
        return self.project.redo(ext_state=self.undo_restores_ext_state)

    @property
    def undo_points(self) -> list[UndoPoint]:
        """The undo points of the current tab, oldest first."""
        return self.project.undo_stack
