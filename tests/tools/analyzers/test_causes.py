"""What explains what: findings that are joined under one cause."""

from safety.redaction import Redactor
from tools.analyzers.causes import join
from tools.evidence import Category, Finding, ObjectRef, evidence

SAY = Redactor().text
SCALER, SERVER = ObjectRef("HorizontalPodAutoscaler", "shop", "web"), ObjectRef("Deployment", "kube-system", "metrics")


def found(subject: ObjectRef, category: Category, confidence: float, *because: ObjectRef) -> Finding:
    return Finding(
        id=f"{category}:{subject}",
        category=category,
        subject=subject,
        summary=SAY("s"),
        explanation=SAY("e"),
        evidence=(evidence("log", subject, SAY("line"), None),),
        confidence=confidence,
        since=None,
        affected=(),
        because=because,
        culprit=None,
        remedy=None,
    )


def test_a_fault_of_what_is_needed_explains_who_needs_it() -> None:
    sure = found(SERVER, Category.IMAGE_NOT_FOUND, 0.95)
    joined = join([found(SCALER, Category.HPA_CANNOT_SCALE, 0.9, SERVER), sure])
    assert [each.subject for each in joined.roots] == [SERVER]


def test_a_guess_does_not_explain_what_is_certain() -> None:
    guess = found(SERVER, Category.APP_CONFIG_ERROR, 0.6)
    joined = join([found(SCALER, Category.HPA_CANNOT_SCALE, 0.9, SERVER), guess])
    assert [each.subject for each in joined.roots] == [SCALER, SERVER]
