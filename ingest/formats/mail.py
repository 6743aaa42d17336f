"""E-mail: the subject as a heading, who wrote to whom and when, and what was written; attachments are named only."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy

_HEADERS = {"from": "De", "to": "Para", "cc": "Cc", "date": "Data"}
_SIGNS = re.compile(r"^(#{1,6}\s|[-=]{3,}[ \t]*$)", re.MULTILINE)
_LONGEST_HEADER = 4_000


class _Bounded(EmailPolicy):
    """Cuts long headers: Python's parser of them takes time that grows faster than they do."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return a header's name and its value as it was written."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def eml_markdown(data: bytes, page: Callable[[str], str]) -> str:
    """Return a message as Markdown.

    Args:
        data: The message, as mail programs save it.
        page: Turns HTML into Markdown.
    """
    message = message_from_bytes(data, policy=_Bounded())
    if not isinstance(message, EmailMessage) or not message.keys():
        raise ValueError("no headers")
    subject = " ".join(str(message.get("subject") or "").split())
    lines = [f"**{name}:** {' '.join(str(message[key]).split())}" for key, name in _HEADERS.items() if message.get(key)]
    names = ", ".join(part.get_filename() or "" for part in message.iter_attachments() if part.get_filename())
    lines += [f"**Anexos:** {names}"] if names else []
    head = [f"# {subject}"] if subject else []
    return "\n\n".join([*head, *lines, _body(message, page)])


def _body(message: EmailMessage, page: Callable[[str], str]) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    text = part.get_content()
    if part.get_content_subtype() == "html":
        return page(text)
    # A line of dashes under a sentence, or a sign of number before it, is no heading in a letter.
    return _SIGNS.sub(r"\\\1", text)
