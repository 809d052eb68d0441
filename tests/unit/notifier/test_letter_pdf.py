"""A printed letter has the words of the letter, in their order, and what a screen reader and an envelope need."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject

from schemas.messages import Language, LetterRequested
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.letter_form import Paragraph, Section, parts_of
from services.notifier.domain.words.rules import written
from services.notifier.printing.pdf import NotPrintable, letter_pdf
from services.notifier.texts_folder import load_texts

TEXTS = load_texts()
STEPS = [
    (checkpoint, step)
    for checkpoint, words in TEXTS.checkpoints.items()
    for step, own in words.step.items()
    if own.employee
]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DATED_ON = date(2026, 4, 20)
MM = 72 / 25.4
# What the windows of Norwegian envelopes may show of the first page, in mm from the left and from the top.
WINDOW_LEFT, WINDOW_RIGHT, WINDOW_TOP, WINDOW_BOTTOM = 15, 120, 39, 82


def letter(
    checkpoint: str = "meeting_need", step: str = "question", language: Language = "nb"
) -> LetterRequested:
    dates = MessageDates(DATED_ON, case_start=DATED_ON, legal_on=None, leaves_on=DATED_ON)
    words = TEXTS.letter(checkpoint, step, language, dates)
    return LetterRequested(
        delivery_id="9b2e7c1d-3f4a-5c6b-8d7e-1a2b3c4d5e6f",
        person_id="14838511253",
        template=TEXTS.letter_template(checkpoint, step),
        language=language,
        title=words.title,
        body=words.body,
        due_on=words.due_on,
    )


def printed(wanted: LetterRequested, sender: str = "Nav") -> PdfReader:
    return PdfReader(io.BytesIO(letter_pdf(wanted, sender=sender, dated_on=DATED_ON)))


def words_of(wanted: LetterRequested, sender: str = "Nav") -> list[str]:
    """What somebody reads from the first line to the last."""
    body = re.sub(r"^- ", "\N{EN DASH} ", wanted.body, flags=re.MULTILINE)
    return f"{sender} {written(DATED_ON, wanted.language)} {wanted.title} {body}".split()


def words_in(pdf: PdfReader) -> list[str]:
    """Without the numbers of the pages, which stand at the foot of a letter of several."""
    texts = [page.extract_text() for page in pdf.pages]
    if len(texts) > 1:
        texts = [re.sub(rf"\s*{n} / {len(texts)}$", "", text) for n, text in enumerate(texts, 1)]
    return " ".join(texts).split()


def elements(node: Any) -> Iterator[Any]:
    """The structure under a node that a screen reader goes by, in its order."""
    node = node.get_object()
    for child in node if isinstance(node, list) else [node]:
        element = child.get_object()
        if isinstance(element, dict):
            if "/S" in element:
                yield element
            yield from elements(element.get("/K", ArrayObject()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS, ids=".".join)
def test_the_words_of_a_printed_letter_are_the_letters_in_their_order(
    step: tuple[str, str], language: Language
) -> None:
    wanted = letter(*step, language)
    pdf = printed(wanted)
    assert words_in(pdf) == words_of(wanted)
    assert len(pdf.pages) <= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_is_told_the_language_the_title_and_what_is_a_heading_or_a_list(
    language: Language,
) -> None:
    """PDF/UA-1, which the file claims."""
    wanted = letter(language=language)
    pdf = printed(wanted)
    root: Any = pdf.root_object
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - pypdf's boolean is an object of its own
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == (wanted.title, "Nav")
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    structure = list(elements(root["/StructTreeRoot"]))
    headings = [(one["/S"], one["/T"]) for one in structure if one["/S"] in ("/H1", "/H2")]
    sections = [part for part in parts_of(wanted.body) if isinstance(part, Section)]
    assert headings == [("/H1", wanted.title), *(("/H2", part.heading) for part in sections)]
    kinds = [str(one["/S"]) for one in structure]
    assert kinds.count("/L") == len(sections)
    assert kinds.count("/LI") == sum(len(part.items) for part in sections)
    # And the line with sender and date.
    assert kinds.count("/P") == 1 + len(parts_of(wanted.body)) - len(sections)


def test_every_font_is_in_the_file() -> None:
    """A print shop has other fonts than we have."""
    pages: list[Any] = list(printed(letter()).pages)
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font) for font in fonts)


@pytest.mark.parametrize("step", STEPS, ids=".".join)
def test_nothing_stands_where_the_envelope_has_its_window_and_the_machine_its_codes(
    step: tuple[str, str],
) -> None:
    pdf = printed(
        letter(*step), sender="Arbeids- og velferdsetaten i et langt navn med seksti tegn"
    )
    assert [round(side / MM) for side in pdf.pages[0].mediabox[2:]] == [210, 297]
    placed: list[tuple[float, float]] = []

    def place(text: str, page: Any, line: Any, _font: Any, size: float) -> None:
        if text.strip():
            left = line[4] * page[0] + line[5] * page[2] + page[4]
            baseline = line[4] * page[1] + line[5] * page[3] + page[5]
            placed.append((left / MM, 297 - baseline / MM))
            placed.append((left / MM, 297 - (baseline + size) / MM))

    pdf.pages[0].extract_text(visitor_text=place)
    assert placed
    in_window = [
        (left, top)
        for left, top in placed
        if WINDOW_LEFT <= left <= WINDOW_RIGHT and WINDOW_TOP <= top <= WINDOW_BOTTOM
    ]
    assert not in_window
    assert min(left for left, _ in placed) > 18


def test_the_same_letter_on_the_same_day_is_the_same_file() -> None:
    def pdf(dated_on: date) -> bytes:
        return letter_pdf(letter(), sender="Nav", dated_on=dated_on)

    assert pdf(DATED_ON) == pdf(DATED_ON)
    assert pdf(DATED_ON) != pdf(DATED_ON + timedelta(days=1))


def test_signs_that_mean_something_to_the_typesetter_are_printed_as_they_are() -> None:
    signs = 'Hei *alle* _her_ #read("/etc/passwd") $x$ <a> @b \\ "q" -- ... ~ `c`'
    wanted = letter().model_copy(update={"title": signs, "body": f"{signs}\n\n= Nei\n- {signs}"})
    assert words_in(printed(wanted)) == words_of(wanted)


def test_a_letter_that_no_font_can_print_is_refused_without_its_text() -> None:
    wanted = letter().model_copy(update={"body": "Hei 漢"})
    with pytest.raises(NotPrintable) as refused:
        letter_pdf(wanted, sender="Nav", dated_on=DATED_ON)
    assert (str(refused.value), refused.value.__cause__) == ("", None)
    assert refused.value.__suppress_context__


def test_a_letter_without_a_person_says_nothing_of_one() -> None:
    """The number is for finding the address, and stands in no file that is printed."""
    wanted = letter()
    pdf = letter_pdf(wanted, sender="Nav", dated_on=DATED_ON)
    assert wanted.person_id.encode() not in pdf
    assert wanted.person_id not in " ".join(words_in(PdfReader(io.BytesIO(pdf))))


def test_the_body_of_a_letter_is_read_in_the_form_that_it_is_documented_in() -> None:
    body = "Hei.\n\nTo\nlinjer.\n\nOverskrift\n- En\n- To\n\n- ikke en liste\n- heller ikke\n"
    assert parts_of(body) == [
        Paragraph(("Hei.",)),
        Paragraph(("To", "linjer.")),
        Section("Overskrift", ("En", "To")),
        Section("- ikke en liste", ("heller ikke",)),
    ]
