"""What the user was shown and asked, and what a test answers in their place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

OK, CANCEL, ABORT, RETRY, IGNORE, YES, NO = 1, 2, 3, 4, 5, 6, 7
BUTTONS = {
    0: {OK},
    1: {OK, CANCEL},
    2: {ABORT, RETRY, IGNORE},
    3: {YES, NO, CANCEL},
    4: {YES, NO},
    5: {RETRY, CANCEL},
}


@dataclass(frozen=True, slots=True)
class Box:
    """A message box that was shown."""

    text: str
    title: str
    type: int
    answer: int


@dataclass(frozen=True, slots=True)
class Form:
    """A GetUserInputs dialog that was shown."""

    title: str
    captions: list[str]
    given: list[str]
    answer: list[str] | None


class Dialogs:
    """Dialogs of a session.

    `answers` for message boxes (1 OK, 2 Cancel, 4 Retry, 6 Yes, 7 No), `inputs` for forms (a list of texts,
    None for Cancel), `files` for file dialogs. Without an answer the box is left with its least harmful
    button: OK of an OK box, else Cancel or No. `task_control` names the scripts that were started again while
    they ran, where REAPER asks ("new instance" is the answer here).
    """

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.forms: list[Form] = []
        self.answers: deque[int] = deque()
        self.inputs: deque[list[str] | None] = deque()
        self.files: deque[str | None] = deque()
        self.task_control: list[str] = []

    @property
    def texts(self) -> list[str]:
        """The texts of the message boxes, in order."""
        return [box.text for box in self.boxes]

    def box(self, text: str, title: str, kind: int) -> int:
        """Show a message box."""
        buttons = BUTTONS[kind]
        default = CANCEL if CANCEL in buttons else max(buttons)
        answer = self.answers.popleft() if self.answers else default
        if answer not in buttons:
            raise ValueError(f"the box {text!r} has no button {answer}")
        self.boxes.append(Box(text, title, kind, answer))
        return answer

    def form(self, title: str, captions: list[str], given: list[str]) -> list[str] | None:
        """Show a form."""
        answer = self.inputs.popleft() if self.inputs else None
        self.forms.append(Form(title, captions, given, answer))
        return answer
