"""Graphs as PNG, without a program beside Python: layout, SVG, and a renderer in one wheel each."""

from pathlib import Path

import font_manrope
import resvg_py

from formicary.adapters.pictures.svg import FONT, to_svg
from formicary.domain.drawn_graph import DrawnGraph

# Larger pictures are scaled down to this: an answer of the API holds some megabytes.
MAX_PIXELS = 12_000_000
_MAX_SIDE = 16_000
_USUAL_ZOOM = 2.0
_FONTS = Path(font_manrope.__file__).parent / "files"


class PngPainter:
    """Draws graphs with the font that it brings."""

    def paint(self, graph: DrawnGraph) -> bytes:
        """Return the picture; the same graph gives the same bytes."""
        svg, width, height = to_svg(graph)
        pixels, side = MAX_PIXELS / (width * height), _MAX_SIDE / max(width, height)
        zoom = min(_USUAL_ZOOM, pixels**0.5, side)
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                zoom=zoom,
                skip_system_fonts=True,
                font_family=FONT,
                font_files=[
                    str(_FONTS / f"Manrope-{style}.ttf") for style in ("Regular", "SemiBold")
                ],
            )
        )
