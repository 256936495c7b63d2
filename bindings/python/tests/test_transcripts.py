"""The golden transcripts give the same lines, byte for byte, as in Rust."""

import pytest
from transcript import FOLDER, TRANSCRIPTS, replay


def test_there_are_transcripts():
    assert TRANSCRIPTS, f"no transcript in {FOLDER}"


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path):
    assert compare(path.read_text(encoding="utf-8")) > 0, "a transcript without a step"


@pytest.mark.parametrize(
    ("old", "new"),
    [('"wake_at":', '"wake_at": '), ('"servable":1', '"servable":2'), ('"status":"authorized"', '"status":"x"')],
)
def test_a_wrong_line_is_found(old, new):
    texts = [path.read_text(encoding="utf-8") for path in TRANSCRIPTS]
    text = next(text for text in texts if old in text)
    with pytest.raises(AssertionError, match="line [0-9]+"):
        compare(text.replace(old, new))


def test_a_missing_line_is_found():
    lines = TRANSCRIPTS[0].read_text(encoding="utf-8").splitlines(keepends=True)
    with pytest.raises(AssertionError, match="line 3"):
        compare("".join(lines[:2]))


def compare(text: str) -> int:
    """How many lines were compared."""
    compared = 0
    for number, expected, came, _ in replay(text):
        assert came == expected, f"line {number}"
        compared += 1
    return compared
