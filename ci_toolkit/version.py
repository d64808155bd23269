"""The one statement of the toolkit's version; the wheel and `--version` read it from here."""

__version__ = "0.1.0"
