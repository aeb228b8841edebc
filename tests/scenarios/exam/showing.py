"""Shows the scores: a table for the terminal with the failures first, and a page with a chart for the browser."""

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from tests.scenarios.exam.scoring import Score

ASKED = ("verdict", "category", "subject", "culprit", "accused", "remedy", "said")


def table(scores: Sequence[Score]) -> Iterator[str]:
    """One line for each scenario, those with faults first, and the sums last."""
    width = max((len(each.scenario.name) for each in scores), default=0)
    for each in sorted(scores, key=lambda one: (not one.faults, -len(one.faults), one.scenario.name)):
        mark = "FAILS" if each.faults else "right"
        yield (
            f"{mark}  {each.scenario.name:{width}}  {each.scenario.family:12} {each.answered}  "
            f"evidence {each.recall:.0%}  {each.tokens} tokens  {each.seconds * 1000:.0f} ms"
        )
        yield from (f"       {asked}: {what}" for asked, what in each.faults.items())
    yield ""
    yield from sums(scores)


def sums(scores: Sequence[Score]) -> Iterator[str]:
    """How many were right, by what was asked."""
    incidents = [each for each in scores if each.is_incident]
    quiet = [each for each in scores if not each.is_incident]
    right = sum("category" not in each.faults for each in incidents)
    yield f"causes         {right} of {len(incidents)} categories right ({share(right, len(incidents))})"
    subjects = sum("subject" not in each.faults for each in incidents)
    yield f"subjects       {subjects} of {len(incidents)} ({share(subjects, len(incidents))})"
    named = [each for each in scores if each.scenario.truth.culprit]
    found = sum("culprit" not in each.faults for each in named)
    wrongly = sum("accused" in each.faults or _is_accused(each) for each in scores)
    yield f"culprits       {found} of {len(named)} named; {wrongly} accused wrongly"
    yield from (f"remedies       {line}" for line in _remedies(scores))
    alarms = sum(each.is_false_alarm for each in quiet)
    yield f"false alarms   {alarms} of {len(quiet)} that are well or not clear"
    silent = sum("verdict" in each.faults for each in quiet)
    yield f"quiet ones     {len(quiet) - silent} of {len(quiet)} verdicts right"
    recall = sum(each.recall for each in incidents) / max(1, len(incidents))
    yield f"evidence       {recall:.0%} of the wanted texts are cited"
    yield f"forbidden      {sum('said' in each.faults for each in scores)} reports say what they must not"
    yield f"pack           at most {max((each.tokens for each in scores), default=0)} tokens (characters / 2.2)"
    slowest = max((each.seconds for each in scores), default=0)
    yield f"time           {sum(each.seconds for each in scores):.1f} s in all, {slowest * 1000:.0f} ms the slowest"
    yield f"{sum(not each.faults for each in scores)} of {len(scores)} without any fault"


def _is_accused(score: Score) -> bool:
    return "culprit" in score.faults and score.report.culprit_change is not None


def _remedies(scores: Sequence[Score]) -> Iterator[str]:
    wanted = Counter(each.scenario.truth.remediation[0] for each in scores)
    wrong = Counter(each.scenario.truth.remediation[0] for each in scores if "remedy" in each.faults)
    yield ", ".join(f"{kind} {wanted[kind] - wrong[kind]} of {wanted[kind]}" for kind in sorted(wanted))


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none asked"


def page(scores: Sequence[Score]) -> str:
    """One HTML page without anything from elsewhere: the sums, a bar for each family, and every scenario."""
    families = sorted({each.scenario.family for each in scores})
    bars = "\n".join(_bar(family, [each for each in scores if each.scenario.family == family]) for family in families)
    ordered = sorted(scores, key=lambda one: (not one.faults, -len(one.faults), one.scenario.name))
    rows = "\n".join(_row(each) for each in ordered)
    told = "\n".join(f"<li>{escape(line)}</li>" for line in sums(scores))
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>How the triage engine did</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d1c1d }}
.bar {{ display: grid; grid-template-columns: 9rem 1fr 5rem; gap: .6rem; align-items: center; margin: .25rem 0 }}
.bar span {{ background: #e8b4b4; height: 1.1rem; display: block }}
.bar i {{ background: #2f7d5b; height: 1.1rem; display: block }}
table {{ border-collapse: collapse; width: 100%; margin-top: 1.5rem }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3rem .5rem; text-align: left; vertical-align: top }}
.wrong {{ color: #a11 }} .right {{ color: #2f7d5b }} li {{ font-family: ui-monospace, monospace; white-space: pre }}
</style>
<h1>How the triage engine did</h1>
<p>{len(scores)} scenarios with a known truth, answered without a model. Failures come first.</p>
<ul>{told}</ul>
<h2>By family</h2>
{bars}
<table><tr><th>scenario</th><th>answered</th><th>wrong</th><th>evidence</th><th>tokens</th></tr>
{rows}
</table></html>
"""


def _bar(family: str, scores: Sequence[Score]) -> str:
    right = sum(not each.faults for each in scores)
    width = 100 * right / len(scores)
    return (
        f'<div class="bar"><b>{escape(family)}</b><span><i style="width:{width:.0f}%"></i></span>'
        f"{right} of {len(scores)}</div>"
    )


def _row(score: Score) -> str:
    wrong = "<br>".join(escape(f"{asked}: {what}") for asked, what in score.faults.items())
    mark = "wrong" if score.faults else "right"
    return (
        f'<tr><td class="{mark}">{escape(score.scenario.name)}</td><td>{escape(score.answered)}</td>'
        f"<td>{wrong}</td><td>{score.recall:.0%}</td><td>{score.tokens}</td></tr>"
    )
