"""The painter of graphs, loaded when the first picture is asked for."""

from formicary.ports import GraphPainter


def png_painter() -> GraphPainter:
    """Return what draws graphs as PNG."""
    from formicary.adapters.pictures.png_painter import PngPainter  # noqa: PLC0415 - seldom needed

    return PngPainter()
