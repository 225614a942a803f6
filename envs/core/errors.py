"""The one exception for bad input: what a person wrote, not what the code did."""

from __future__ import annotations


class InputError(ValueError):
    """Say in one line where the input is wrong, what is wrong, and the remedy.

    The commands turn it into exit code 2 and that one line on standard error; in a program it is
    an ordinary ``ValueError``.

    Args:
        where: A config key, ``file:line`` or the name of the offending element.
        problem: What is wrong, with the offending value.
        remedy: What to do about it; empty where the problem already says so.
    """

    def __init__(self, where: str, problem: str, remedy: str = "") -> None:
        self.where = where
        self.problem = problem
        self.remedy = remedy
        text = f"{where}: {problem}" + (f" ({remedy})" if remedy else "")
        super().__init__(" ".join(text.split()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Cross process boundaries: a launcher's workers hand their errors back."""
        return type(self), (self.where, self.problem, self.remedy)
