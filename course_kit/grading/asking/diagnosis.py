"""Which known mistakes stand behind wrong answers, and when an agreement is no evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping

Cases = Mapping[str, str]  # case → the answer to it, as a text or as its digest


def diagnose(given: Cases, right: Cases, mistakes: Mapping[str, Cases], telling: Collection[str]) -> dict[str, str]:
    """Name the known mistake behind each wrong answer, where that is safe to say.

    An example with four cases. A right answer is 1, 2, 3, 4; `nan` and errors tell nothing, because many slips end so.

    | case | right | given | "doubles" says | "off the end" says | "drops the sign" says |
    |------|-------|-------|----------------|--------------------|-----------------------|
    | A    | 1     | 2     | **2**          | 1                  | 9                     |
    | B    | 2     | 4     | **4**          | IndexError         | 2                     |
    | C    | 3     | nan   | 6              | 3                  | **nan**               |
    | D    | 4     | 4     | 8              | 4                  | 4                     |

    1. Wrong are A, B and C.
    2. "doubles" agrees in A and B, "drops the sign" in C, "off the end" nowhere.
    3. "doubles" is believed, because 2 and 4 tell something. "drops the sign" is not: a nan alone is no evidence, and
       it says 9 where the student says 2.
    4. "doubles" agrees in two of three wrong answers, which is most of them, so A and B get its name; C gets none.

    Args:
        given: The student's answers.
        right: The right answers.
        mistakes: Name of each known mistake → its answers.
        telling: Cases whose given answer is one that `fingerprint.tells`.

    Returns:
        Case → name of the mistake, for wrong answers that have one. A name stands here if it agrees in at least half of
        the wrong answers, or if all wrong answers together have a name.
    """
    named = _named(given, right, mistakes, telling)
    wrong = _wrong(given, right)
    if named.keys() == wrong:
        return named
    return {case: name for case, name in named.items() if 2 * _agreeing(given, mistakes[name], wrong) >= len(wrong)}


def suspect(given: Cases, right: Cases, mistakes: Mapping[str, Cases], telling: Collection[str]) -> dict[str, str]:
    """Name the mistakes that `diagnose` leaves out: they agree in a few wrong answers, which may be chance."""
    sure = diagnose(given, right, mistakes, telling)
    return {case: name for case, name in _named(given, right, mistakes, telling).items() if case not in sure}


def _named(given: Cases, right: Cases, mistakes: Mapping[str, Cases], telling: Collection[str]) -> dict[str, str]:
    """For each wrong answer the likeliest of the mistakes that are believed and agree in it."""
    wrong = _wrong(given, right)
    believed = _believed(given, right, mistakes, telling)
    # sorted() keeps the order of equals: of two that agree in as many cases the one that stands first comes first
    likeliest = sorted(believed, key=lambda name: -_agreeing(given, mistakes[name], given))
    named = {}
    for case in given:
        agreeing = [name for name in likeliest if mistakes[name][case] == given[case]]
        if case in wrong and agreeing:
            named[case] = agreeing[0]
    return named


def _believed(given: Cases, right: Cases, mistakes: Mapping[str, Cases], telling: Collection[str]) -> list[str]:
    """Mistakes that agree in a wrong answer that tells something.

    Those whose wrong answers are all among the given ones are believed as well, even if these tell nothing, if no wrong
    answer is then left without a name.
    """
    wrong = _wrong(given, right)
    agreed = {name: {case for case in wrong if answers[case] == given[case]} for name, answers in mistakes.items()}
    evident = {name for name in mistakes if agreed[name] & set(telling)}
    whole = {name for name, answers in mistakes.items() if _wrong(answers, right) <= agreed[name]}
    together = evident | whole
    explains_all = wrong <= {case for name in together for case in agreed[name]}
    return [name for name in mistakes if name in (together if explains_all else evident)]


def _wrong(answers: Cases, right: Cases) -> set[str]:
    return {case for case in answers if answers[case] != right[case]}


def _agreeing(given: Cases, answers: Cases, among: Collection[str]) -> int:
    return sum(answers[case] == given[case] for case in among)
