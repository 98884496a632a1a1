from email import message_from_bytes

from agent.skim import SMALL, WHOLE, Part, assemble, sections

TEXT = Part("1.1", "text/plain", {"charset": "utf-8"}, "base64")
HTML = Part("1.2", "text/html", {"charset": "utf-8"}, "quoted-printable")
LOG = Part("2", "text/plain", {}, "7bit", disposition="attachment", filename="app.log")
DECK = Part("3", "application/pdf", {}, "base64", disposition="attachment", filename='de"ck\r\nBcc: x.pdf')
TREE = Part(
    "", "multipart/mixed", {}, children=(Part("1", "multipart/alternative", {}, children=(TEXT, HTML)), LOG, DECK)
)
HEADER = (
    b"From: dev@example.org\r\nSubject: deck\r\nContent-Type: multipart/mixed;\r\n boundary=gone\r\n"
    b"MIME-Version: 1.0\r\nX-Last: kept\r\n\r\n"
)


def test_a_small_message_is_fetched_whole() -> None:
    assert sections(TREE, SMALL) == (WHOLE,)


def test_of_a_large_message_only_what_is_read_is_fetched() -> None:
    assert sections(TREE, SMALL + 1) == ("1.1", "1.2")


def test_a_message_of_unknown_structure_is_fetched_from_its_beginning() -> None:
    assert sections(None, 10**9) == (WHOLE,)


def test_a_large_message_without_text_is_not_fetched_at_all() -> None:
    assert sections(DECK, 10**9) == ()


def test_a_skimmed_message_has_the_header_and_the_tree_of_the_original() -> None:
    raw = assemble(HEADER, TREE, {"1.1": b"SGVsbG8=\r\n", "1.2": b"<p>Hello</p>\r\n"})
    message = message_from_bytes(raw)
    assert message["From"] == "dev@example.org"
    assert message["X-Last"] == "kept"
    assert message["Bcc"] is None
    leaves = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in leaves] == ["text/plain", "text/html", "text/plain", "application/pdf"]
    assert leaves[0].get_payload(decode=True) == b"Hello"
    assert leaves[1].get_payload(decode=True).strip() == b"<p>Hello</p>"  # type: ignore[union-attr]
    assert leaves[2].get_filename() == "app.log"
    assert leaves[3].get_payload().strip() == ""  # type: ignore[union-attr]


def test_a_tree_of_a_thousand_levels_ends_somewhere() -> None:
    tree = Part("1", "text/plain")
    for _ in range(1000):
        tree = Part("1", "multipart/mixed", {}, children=(tree,))
    assert sections(tree, SMALL + 1) == ()
    assert assemble(HEADER, tree, {}).startswith(b"From: dev@example.org")
