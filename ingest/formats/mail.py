"""E-mail: the subject as a heading, who wrote to whom and when, and what was written; attachments are named only."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

_HEADERS = {"from": "De", "to": "Para", "cc": "Cc", "date": "Data"}
_SIGNS = re.compile(r"^(#{1,6}\s|[-=]{3,}\s*$)", re.MULTILINE)


def eml_markdown(data: bytes, page: Callable[[str], str]) -> str:
    """Return a message as Markdown.

    Args:
        data: The message, as mail programs save it.
        page: Turns HTML into Markdown.
    """
    message = message_from_bytes(data, policy=policy.default)
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
