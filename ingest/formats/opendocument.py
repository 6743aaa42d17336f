"""OpenDocument text as HTML. The one file that knows odfpy, which the extra `formats` brings."""

import io

from odf.odf2xhtml import ODF2XHTML


def odt_html(data: bytes) -> str:
    """Return the HTML of an ODT document."""
    return str(ODF2XHTML(generate_css=False, embedable=True).odf2xhtml(io.BytesIO(data)))
