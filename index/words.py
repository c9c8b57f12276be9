"""Numbers and codes in words, the same that the page says (`api/static/js/words.js`)."""

from __future__ import annotations

from index.answers import FaceInfo, SearchAnswer

SCORES = ((0.91, "the same letters"), (0.85, "very close"), (0.65, "similar"), (0, "distant kin"))
_WEIGHTS = {
    **{100: "Thin", 200: "Extra Light", 300: "Light", 400: "Regular", 500: "Medium"},
    **{600: "Semi Bold", 700: "Bold", 800: "Extra Bold", 900: "Black"},
}
_KNOWN = 0.3  # chance below which a font is perhaps not in the catalogue
_SURE = 0.85


def score(value: float) -> str:
    """What a score in 0..1 means."""
    return next(word for least, word in SCORES if value >= least or least == 0)


def face(info: FaceInfo) -> str:
    """Such as "Bold 700 Italic"."""
    parts = (_WEIGHTS.get(info.weight), str(info.weight), "Italic" if info.italic else None)
    return " ".join(part for part in parts if part)


def headline(answer: SearchAnswer) -> tuple[str, str]:
    """The verdict as a headline and the sentence below it."""
    best = answer.matches[0] if answer.matches else None
    kin = "These are its kin: the closest families that are."
    if answer.verdict == "no_text":
        return "No text found", "Crop closer to a line of letters, or try a sharper picture."
    if best is None:
        return "Nothing passes the filters", "Take a filter away to see more families."
    if answer.verdict == "match":
        sure = "This is" if best.confidence >= _SURE else "Most likely"
        return f"{sure} {best.family.name}", f"Its closest face: {face(best.face)}."
    if answer.verdict == "unknown":
        return "Not in the catalogue", kin
    if answer.known < _KNOWN:
        return "Perhaps not in the catalogue", kin
    return "No certain match", "These families come closest."
