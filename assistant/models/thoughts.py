"""Thinking that a model writes into its answer, taken out while it streams."""

import re


class OrphanThought(Exception):
    """Thinking ended that never began; what came before was not the answer."""


class ThoughtFilter:
    """Drop `<think>…</think>` from a streamed text, however it is cut.

    Ollama parts the thinking of the models that it knows; models brought from elsewhere write it into the answer.
    """

    _TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
    _LONGEST = len("</thinking>")

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, piece: str) -> str:
        """Return the text that is certainly not thinking.

        Raises:
            OrphanThought: Thinking ended that never began: it has been taken for the answer.
        """
        text, spoken = self._held + piece, []
        end = 0
        for tag in self._TAG.finditer(text):
            if tag[1] and not self._thinking:
                raise OrphanThought
            spoken.append(self._unless_thinking(text[end : tag.start()]))
            self._thinking, end = not tag[1], tag.end()
        hold = text.rfind("<", max(end, len(text) - self._LONGEST + 1))
        hold = len(text) if hold < 0 else hold
        self._held = text[hold:]
        return "".join([*spoken, self._unless_thinking(text[end:hold])])

    def finish(self) -> str:
        """Return what was held back; the text has ended."""
        return self._unless_thinking(self._held)

    def _unless_thinking(self, text: str) -> str:
        return "" if self._thinking else text
