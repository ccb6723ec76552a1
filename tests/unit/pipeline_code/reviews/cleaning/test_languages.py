import sys

import pytest

from pipeline_code.reviews.cleaning.languages import LanguageDetectorMissing, foreign_to

ENGLISH = "This phone is the best one I have ever had, and the battery lasts for two whole days."
GERMAN = "Das ist das beste Telefon, das ich je hatte, und der Akku hält zwei ganze Tage lang durch."


def test_a_text_in_another_language_is_foreign() -> None:
    foreign = foreign_to(["en"], 0.95)
    assert foreign(GERMAN) == "de"
    assert foreign(ENGLISH) is None
    assert foreign_to(["en", "de"], 0.95)(GERMAN) is None


def test_a_doubtful_text_is_not_foreign() -> None:
    assert foreign_to(["en"], 0.95)("ok") is None


def test_without_the_detector_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(LanguageDetectorMissing, match="pip install py3langid"):
        foreign_to(["en"], 0.95)


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(LanguageDetectorMissing, match=r"does not know xx \(it knows .*en"):
        foreign_to(["en", "xx"], 0.95)
