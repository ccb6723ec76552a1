"""Which language a text is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline_code.reviews.errors import BertlineError


class LanguageDetectorMissing(BertlineError):
    """The contract asks for the language of texts, and the detector is not installed or does not know it."""


def foreign_to(languages: Sequence[str], certainty: float) -> Callable[[str], str | None]:
    """A function from a text to its language, if that is certainly none of `languages`; else None.

    Raises
    ------
    LanguageDetectorMissing
        py3langid is not installed, or does not know one of `languages`.
    """
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise LanguageDetectorMissing(
            "cleaning.foreign_language needs the package py3langid: install it with 'pip install py3langid', "
            'or set foreign_language = "off" in the contract'
        ) from None
    detector = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    unknown = sorted(set(languages) - set(detector.labels))
    if unknown:
        raise LanguageDetectorMissing(
            f"cleaning.languages: the detector does not know {', '.join(unknown)} "
            f"(it knows {', '.join(sorted(detector.labels))})"
        )

    def foreign(text: str) -> str | None:
        language, sure = detector.classify(text)
        return str(language) if sure >= certainty and language not in languages else None

    return foreign
