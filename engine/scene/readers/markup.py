"""XML from outside: no entities, linear time, bounded depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from engine.errors import UnreadableFileError

_DEEPEST = 200


@dataclass
class Node:
    """An element of an XML document.

    Attributes:
        name: Its name without a prefix, which need not be declared.
        attributes: Its attributes.
        children: The elements inside it.
        pieces: Its text, in the pieces in which it came.
    """

    name: str
    attributes: Mapping[str, str]
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text without the space around it."""
        return "".join(self.pieces).strip()

    def walk(self) -> Iterator[Node]:
        """Itself and all elements inside it, in the document's order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def all(self, name: str) -> list[Node]:
        """All elements of a name inside it."""
        return [node for node in self.walk() if node.name == name]

    def child_text(self, name: str) -> str:
        """The text of its first child of a name, or empty."""
        return next((child.text for child in self.children if child.name == name), "")


def parse(data: bytes, where: str) -> Node:
    """Parse an XML document.

    Args:
        data: The file's content.
        where: The file, for the message.

    Returns:
        Its root.

    Raises:
        UnreadableFileError: It is no well-formed XML, nests too deeply, or defines entities or a
            document type.
    """
    tree = _Tree()
    parser: Any = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(tree)
    parser.setErrorHandler(tree)
    try:
        parser.parse(BytesIO(data))
    except DefusedXmlException as error:
        raise UnreadableFileError(
            f"{where} defines entities or a document type ({type(error).__name__}), which no"
            " metadata of a product do; do not use it, and download the product again."
        ) from error
    except (ValueError, LookupError) as error:
        raise UnreadableFileError(
            f"{where} is no well-formed XML ({str(error)[:100]}); it is damaged: download the"
            " product again."
        ) from error
    if tree.root is None:
        raise UnreadableFileError(f"{where} holds no XML element; download the product again.")
    return tree.root


class _Tree:
    """Builds nodes of what a SAX parser reports."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        if len(self._open) >= _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} elements inside each other")
        node = Node(name.rpartition(":")[2], dict(attrs.items()))
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def endElement(self, name: str) -> None:  # noqa: N802
        self._open.pop()

    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].pieces.append(content)

    def fatalError(self, error: Any) -> None:  # noqa: N802
        raise ValueError(error.getMessage())

    error = fatalError

    def warning(self, error: Any) -> None:
        """Pass over what a parser may only warn of."""

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802
        """Pass over where the parser is."""

    def startDocument(self) -> None:  # noqa: N802
        """Pass over the beginning."""

    def endDocument(self) -> None:  # noqa: N802
        """Pass over the end."""

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: N802
        """Pass over what is meant for other programs."""
