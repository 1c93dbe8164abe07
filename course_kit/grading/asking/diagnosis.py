"""Which known mistakes stand behind wrong answers, and when an agreement is no evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def diagnose(
    given: Mapping[str, str],
    right: Mapping[str, str],
    mistakes: Mapping[str, Mapping[str, str]],
    telling: Collection[str],
) -> dict[str, str]:
    """Name the known mistake behind each wrong answer.

    Many slips end in a ValueError, in nan or in 0: to agree in that alone is no evidence. So a mistake is believed if
    it agrees in a wrong answer that tells. Those whose wrong answers are all among the given ones are believed as well
    if no wrong answer is then left unexplained.

    Args:
        given: Case → the answer, as a text or as its digest.
        right: Case → the right answer, likewise.
        mistakes: Name of each known mistake → case → its answer, likewise.
        telling: Cases whose given answer is one that `fingerprint.tells`.

    Returns:
        Case → name of the mistake, for wrong answers that have one; of several the one that agrees in most cases,
        of those the first.
    """
    wrong = {case for case in given if given[case] != right[case]}
    agrees = {name: {case for case in given if answers[case] == given[case]} for name, answers in mistakes.items()}
    believed = {name for name in mistakes if agrees[name] & wrong & set(telling)}
    whole = {
        name for name in mistakes if all(mistakes[name][case] == right[case] for case in given.keys() - agrees[name])
    }
    if wrong <= set().union(*(agrees[name] for name in believed | whole)):
        believed |= whole
    likely = sorted((name for name in reversed(mistakes) if name in believed), key=lambda name: len(agrees[name]))
    return {case: name for name in likely for case in agrees[name] & wrong}
