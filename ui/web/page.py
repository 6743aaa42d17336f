"""The web chat: wires Gradio's components to the assistant. It knows nothing else.

Nothing on the page comes from another host: no analytics, no remote fonts, and a content policy that forbids the
browser to fetch from anywhere but this server. The server answers on the loopback address only.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from html import escape
from time import sleep
from typing import Any

from assistant.answer import Answer, Turn
from assistant.assistant import Assistant
from assistant.workspace.journal import Label
from ingest.errors import UserError
from ui.port import HOST, free_port
from ui.web.evidence import render_evidence, render_text
from ui.web.message import render_message
from ui.web.strings import ENGLISH, PORTUGUESE, Words, words_for

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

translate = gr.I18n(**{"pt": dict(PORTUGUESE), "pt-BR": dict(PORTUGUESE), "en": dict(ENGLISH)})
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " frame-ancestors 'none'; form-action 'none'; base-uri 'self'"
)
_FONTS = ("system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "Cascadia Mono", "Menlo", "Consolas", "monospace")
_CSS = """
.gradio-container { max-width: 1320px !important; width: 100% !important; margin: 0 auto !important; }
#head { gap: 0; }
#head h1 { margin: 0; font-size: 1.7rem; }
#head p { margin: 0; color: var(--body-text-color-subdued); }
#chat .md p, #chat .md ul, #chat .md ol { margin: 0 0 .5em; }
#chat .md p:last-child { margin-bottom: 0; }
#chat .md ul, #chat .md ol { padding-left: 1.3em; list-style-position: outside; }
#chat .md { white-space: normal; }
#chat .examples { gap: .5rem; padding-bottom: .5rem; }
#chat .example { border: 1px solid var(--border-color-primary); border-radius: 10px;
  background: var(--background-fill-secondary); }
#chat .example:hover { border-color: var(--color-accent); }
#question .submit-button { background: var(--button-primary-background-fill); color: var(--button-primary-text-color);
  border-radius: 8px; padding: .3rem .9rem; }
.evidence h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
.evidence .hint, .evidence .writer { color: var(--body-text-color-subdued); font-size: .9rem; margin: .25rem 0 .75rem; }
.evidence .notice { border-left: 3px solid #d97706; padding: .4rem .7rem; background: var(--background-fill-secondary);
  font-size: .9rem; margin: 0 0 .75rem; }
.evidence .card { border: 1px solid var(--border-color-primary); border-radius: 10px; padding: .7rem .9rem;
  margin-bottom: .75rem; background: var(--block-background-fill); }
#chat button.marker { color: var(--link-text-color); font-size: .85em; padding: 0 .1em; cursor: pointer; }
#chat button.marker:hover { text-decoration: underline; }
.evidence .quote:focus { outline: 2px solid var(--color-accent); outline-offset: 2px; border-radius: 3px; }
.evidence .marker { font-weight: 700; }
.evidence .section .marker { font-size: .8rem; margin-left: .2em; }
.evidence .doc { font-weight: 600; overflow-wrap: anywhere; }
.evidence .lines, .evidence .headings { color: var(--body-text-color-subdued); font-size: .85rem; }
.evidence .headings { margin: .1rem 0 .45rem; }
.evidence .section { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .92rem; line-height: 1.5; }
.evidence mark { background: #fde68a; color: #1c1917; border-radius: 3px; padding: 0 .12em; }
#evidence-panel { max-height: calc(100vh - 9rem); overflow-y: auto; }
@media (max-width: 768px) { #evidence-panel { max-height: none; } }
"""

Messages = list[dict[str, str]]
Given = list[Answer]
"""The answers of a conversation, one for each turn."""
Shown = tuple[Messages, str, list[Turn], Given]
_THUMBS = ("Like", "Dislike")  # Gradio's names for its thumbs
_FOLLOW_MARKERS = """<script>
document.addEventListener("click", event => {
  const marker = event.target.closest("#chat button.marker");
  const quote = marker && document.getElementById("evidence-" + marker.textContent.slice(1, -1));
  if (quote) { quote.scrollIntoView({ block: "nearest" }); quote.focus({ preventScroll: true }); }
});
</script>"""
_EMPTY = "() => ''"
"""Run by the browser, at once, when a question is sent. Nothing else writes into the question's box."""


class _ContentPolicy:
    """Adds the content policy to every response: what the page may load, and from where."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = ((b"content-security-policy", _POLICY.encode()), (b"referrer-policy", b"no-referrer"))
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.app(scope, receive, send_with_policy)


def page(assistant: Assistant, examples: Sequence[str]) -> gr.Blocks:
    """Lay out the page and wire it to an assistant."""
    with gr.Blocks(title="Coruja", analytics_enabled=False, fill_width=True) as blocks:
        with gr.Column(elem_id="head"):
            gr.Markdown("# 🦉 Coruja")
            gr.Markdown(translate("subtitle"))
        with gr.Row():
            with gr.Column(scale=3, min_width=360):
                chat = gr.Chatbot(
                    elem_id="chat",
                    label=translate("conversation"),
                    show_label=False,
                    height="calc(100vh - 15.5rem)",
                    min_height=320,
                    placeholder=translate("welcome"),
                    examples=[{"text": example} for example in examples],
                    render_markdown=False,
                    latex_delimiters=[],
                    allow_tags=False,
                    feedback_options=_THUMBS,
                    buttons=[],  # copying would copy the HTML
                )
                question = gr.Textbox(
                    elem_id="question",
                    show_label=False,
                    label=translate("question"),
                    placeholder=translate("placeholder"),
                    submit_btn=translate("send"),
                    lines=1,
                    max_lines=4,
                    autofocus=True,
                )
                new = gr.Button(translate("new"), variant="secondary", size="sm")
            with gr.Column(scale=2, min_width=320):
                evidence = gr.HTML(elem_id="evidence-panel")
        history, given = gr.State([]), gr.State([])

        def ask(text: str, turns: list[Turn], before: Given, request: gr.Request) -> Iterator[Shown]:
            if text.strip():  # an empty box changes nothing; ending without a word would empty the page
                words = words_for(request.headers.get("accept-language"))
                yield from conversation(assistant, text, turns, before, words)
            else:
                yield gr.skip(), gr.skip(), gr.skip(), gr.skip()

        def ask_example(
            turns: list[Turn], before: Given, request: gr.Request, chosen: gr.SelectData
        ) -> Iterator[Shown]:
            yield from ask(chosen.value["text"], turns, before, request)

        def begin(request: gr.Request) -> Shown:
            words = words_for(request.headers.get("accept-language"))
            return [], render_text(words["hint"], words), [], []

        shown = [chat, evidence, history, given]
        # A question that is sent while another is answered waits for its turn; the history is read when that has come.
        in_turn: dict[str, Any] = {
            "concurrency_id": "ask",
            "concurrency_limit": 1,
            "trigger_mode": "multiple",
            "api_visibility": "private",
        }
        question.submit(ask, [question, history, given], shown, **in_turn)
        question.submit(None, None, question, js=_EMPTY, trigger_mode="multiple", api_visibility="private")
        chat.example_select(ask_example, [history, given], shown, **in_turn)
        new.click(begin, None, shown, api_visibility="private")
        chat.clear(begin, None, shown, api_visibility="private")
        if assistant.settings.log:  # without, Gradio shows no thumbs

            def rate(answers: Given, thumb: gr.LikeData) -> None:
                _rate(assistant, answers, thumb.index, thumb.liked)

            chat.like(rate, given, None, api_visibility="private", show_progress="hidden")
        blocks.load(begin, None, shown, api_visibility="private")
    return blocks


def conversation(
    assistant: Assistant, question: str, turns: list[Turn], before: Given, words: Words
) -> Iterator[Shown]:
    """Ask one question and yield what the page shows while the answer is written.

    Yields:
        The messages, the evidence as HTML, the conversation so far, and its answers.
    """
    question = question.strip()
    said = _messages(turns)
    searching = render_text(words["searching"], words)

    def shown(answer: str, markers: Sequence[int] = ()) -> Messages:
        return [*said, *_messages([Turn(question, answer)], markers)]

    yield shown("…"), searching, turns, before
    quoted = written = ""
    markers: list[int] = []
    evidence = searching
    told = before[-1].notices if before else ()
    try:
        for piece in assistant.stream(question, turns):
            if isinstance(piece, Answer):
                sections = [assistant.section_text(citation) for citation in piece.citations]
                evidence = render_evidence(piece, sections, words, told)
                markers = [citation.marker for citation in piece.citations]
                quoted = piece.text
                yield shown(piece.text, markers), evidence, [*turns, Turn(question, piece.text)], [*before, piece]
            else:
                written += piece
                yield shown(f"{written}\n\n{quoted}", markers), evidence, turns, before
    except UserError as error:
        yield shown(str(error)), render_text(words["failed"], words), turns, before


def _messages(turns: Sequence[Turn], markers: Sequence[int] = ()) -> Messages:
    """Return the chat's messages, which are HTML; `markers` are those whose evidence stands beside it."""
    return [
        message
        for turn in turns
        for message in (
            {"role": "user", "content": escape(turn.question)},
            {"role": "assistant", "content": render_message(turn.answer, markers)},
        )
    ]


def _rate(assistant: Assistant, answers: Sequence[Answer], message: object, liked: object) -> None:
    """Write down a thumb at a message; what was an error has no answer, a thumb taken back no label."""
    at = message // 2 if isinstance(message, int) else -1
    if 0 <= at < len(answers):
        label: Label = "accepted" if liked is True else "rejected" if liked is False else ""
        try:
            assistant.rate(answers[at], label)
        except UserError as error:
            gr.Warning(str(error))


def serve(
    assistant: Assistant, examples: Sequence[str], *, port: int, announce: Callable[[str], None], browser: bool = False
) -> None:
    """Serve the page on this machine until interrupted.

    Args:
        assistant: Answers the questions of every session, one at a time.
        examples: Questions offered when the conversation is empty.
        port: Port to listen on; a free one is taken if it is busy, or 0.
        announce: Told the address once the page can be opened.
        browser: Whether to open it in the browser.
    """
    blocks = page(assistant, examples)
    _, address, _ = blocks.launch(
        server_name=HOST,
        server_port=free_port(port),
        share=False,
        inbrowser=browser,
        prevent_thread_lock=True,
        quiet=True,
        i18n=translate,
        theme=gr.themes.Soft(primary_hue="amber", neutral_hue="stone", font=_FONTS, font_mono=_MONO),
        css=_CSS,
        head=_FOLLOW_MARKERS,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        ssr_mode=False,
        max_file_size="1b",
        app_kwargs={
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
            "middleware": [
                Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]),
                Middleware(_ContentPolicy),
            ],
        },
    )
    announce(f"Coruja: {address} (Ctrl-C ends)")
    try:
        while True:
            sleep(3600)  # waiting for an event, Windows would not hear Ctrl-C
    except KeyboardInterrupt:
        blocks.close(verbose=False)
