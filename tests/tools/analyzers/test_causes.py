"""What explains what: findings that are joined under one cause."""

from safety.redaction import Redactor
from tools.analyzers.causes import about, join
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


def test_other_places_are_told_of_only_where_they_concern_the_one_that_was_asked_about() -> None:
    node = found(ObjectRef("Node", None, "n"), Category.NODE_NOT_READY, 0.9)
    dns = found(ObjectRef("Deployment", "kube-system", "coredns"), Category.DNS_FAILURE, 0.9)
    stranger = found(ObjectRef("Deployment", "mail", "sender"), Category.APP_CRASH, 0.9)
    store = found(ObjectRef("StatefulSet", "data", "pg"), Category.APP_CRASH, 0.9)
    caller = found(ObjectRef("Deployment", "shop", "web"), Category.DEPENDENCY_UNREACHABLE, 0.6, store.subject)
    joined = join([node, dns, stranger, store, caller])
    assert {each.subject for each in about(joined, None).roots} == {each.subject for each in joined.roots}
    kept = about(joined, "shop")
    assert {each.subject for each in kept.roots} == {node.subject, dns.subject, store.subject}
    assert [each.subject for each, _ in kept.symptoms] == [caller.subject]
