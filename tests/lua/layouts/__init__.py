"""The table of layouts: what people have in their projects, and how it has to be separated."""

from tests.lua.layouts import items, projects
from tests.lua.layouts.base import TABLE, Layout

__all__ = ["TABLE", "Layout", "items", "projects"]
