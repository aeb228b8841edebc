"""The numbers that fields have in the binary form, of the objects that kubectl sends in it."""

from __future__ import annotations

Shape = dict[int, tuple[str, str]]


def _fields(**numbers: tuple[int, str]) -> Shape:
    return {number: (name.rstrip("_"), kind) for name, (number, kind) in numbers.items()}


def _object(spec: str) -> Shape:
    return _fields(metadata=(1, "Meta"), spec=(2, spec))


SHAPES: dict[str, Shape] = {
    "Unknown": _fields(typeMeta=(1, "TypeMeta"), raw=(2, "bytes")),
    "TypeMeta": _fields(apiVersion=(1, "string"), kind=(2, "string")),
    "Time": _fields(seconds=(1, "int")),
    "Quantity": _fields(string=(1, "string")),
    "IntOrString": _fields(type=(1, "int"), number=(2, "int"), text=(3, "string")),
    "Meta": _fields(
        name=(1, "string"),
        generateName=(2, "string"),
        namespace=(3, "string"),
        uid=(5, "string"),
        resourceVersion=(6, "string"),
        labels=(11, "map:string"),
        annotations=(12, "map:string"),
        ownerReferences=(13, "Owner*"),
        finalizers=(14, "string*"),
    ),
    "Owner": _fields(
        kind=(1, "string"),
        name=(3, "string"),
        uid=(4, "string"),
        apiVersion=(5, "string"),
        controller=(6, "bool"),
        blockOwnerDeletion=(7, "bool"),
    ),
    "Namespace": _object("NamespaceSpec"),
    "NamespaceSpec": _fields(finalizers=(1, "string*")),
    "ConfigMap": _fields(
        metadata=(1, "Meta"), data=(2, "map:string"), binaryData=(3, "map:bytes"), immutable=(4, "bool")
    ),
    "Secret": _fields(
        metadata=(1, "Meta"),
        data=(2, "map:bytes"),
        type=(3, "string"),
        stringData=(4, "map:string"),
        immutable=(5, "bool"),
    ),
    "ServiceAccount": _fields(metadata=(1, "Meta")),
    "AccessReview": _object("AccessReviewSpec"),
    "AccessReviewSpec": _fields(
        resourceAttributes=(1, "ResourceAttributes"), nonResourceAttributes=(2, "NonResourceAttributes")
    ),
    "ResourceAttributes": _fields(
        namespace=(1, "string"),
        verb=(2, "string"),
        group=(3, "string"),
        version=(4, "string"),
        resource=(5, "string"),
        subresource=(6, "string"),
        name=(7, "string"),
    ),
    "NonResourceAttributes": _fields(path=(1, "string"), verb=(2, "string")),
    "RulesReview": _object("RulesReviewSpec"),
    "RulesReviewSpec": _fields(namespace=(1, "string")),
    "Eviction": _fields(metadata=(1, "Meta"), deleteOptions=(2, "DeleteOptions")),
    "DeleteOptions": _fields(
        gracePeriodSeconds=(1, "int"),
        preconditions=(2, "Preconditions"),
        orphanDependents=(3, "bool"),
        propagationPolicy=(4, "string"),
        dryRun=(5, "string*"),
    ),
    "Preconditions": _fields(uid=(1, "string"), resourceVersion=(2, "string")),
    "Deployment": _object("DeploymentSpec"),
    "DeploymentSpec": _fields(
        replicas=(1, "int"), selector=(2, "Selector"), template=(3, "Template"), strategy=(4, "Strategy")
    ),
    "Job": _object("JobSpec"),
    "JobSpec": _fields(
        parallelism=(1, "int"),
        completions=(2, "int"),
        activeDeadlineSeconds=(3, "int"),
        selector=(4, "Selector"),
        manualSelector=(5, "bool"),
        template=(6, "Template"),
        backoffLimit=(7, "int"),
        ttlSecondsAfterFinished=(8, "int"),
        suspend=(10, "bool"),
    ),
    "CronJob": _object("CronJobSpec"),
    "CronJobSpec": _fields(
        schedule=(1, "string"),
        startingDeadlineSeconds=(2, "int"),
        concurrencyPolicy=(3, "string"),
        suspend=(4, "bool"),
        jobTemplate=(5, "JobTemplate"),
        successfulJobsHistoryLimit=(6, "int"),
        failedJobsHistoryLimit=(7, "int"),
        timeZone=(8, "string"),
    ),
    "JobTemplate": _fields(metadata=(1, "Meta"), spec=(2, "JobSpec")),
    "Service": _object("ServiceSpec"),
    "ServiceSpec": _fields(
        ports=(1, "ServicePort*"),
        selector=(2, "map:string"),
        clusterIP=(3, "string"),
        type=(4, "string"),
        externalName=(10, "string"),
    ),
    "ServicePort": _fields(
        name=(1, "string"), protocol=(2, "string"), port=(3, "int"), targetPort=(4, "IntOrString"), nodePort=(5, "int")
    ),
    "Strategy": _fields(type=(1, "string"), rollingUpdate=(2, "RollingUpdate")),
    "RollingUpdate": _fields(maxUnavailable=(1, "IntOrString"), maxSurge=(2, "IntOrString")),
    "Selector": _fields(matchLabels=(1, "map:string"), matchExpressions=(2, "Expression*")),
    "Expression": _fields(key=(1, "string"), operator=(2, "string"), values=(3, "string*")),
    "Template": _fields(metadata=(1, "Meta"), spec=(2, "PodSpec")),
    "PodSpec": _fields(
        containers=(2, "Container*"),
        restartPolicy=(3, "string"),
        terminationGracePeriodSeconds=(4, "int"),
        nodeSelector=(7, "map:string"),
        serviceAccountName=(8, "string"),
        nodeName=(10, "string"),
        initContainers=(20, "Container*"),
    ),
    "Container": _fields(
        name=(1, "string"),
        image=(2, "string"),
        command=(3, "string*"),
        args=(4, "string*"),
        workingDir=(5, "string"),
        ports=(6, "ContainerPort*"),
        env=(7, "Variable*"),
        resources=(8, "Resources"),
        imagePullPolicy=(14, "string"),
    ),
    "ContainerPort": _fields(name=(1, "string"), containerPort=(3, "int"), protocol=(4, "string")),
    "Variable": _fields(name=(1, "string"), value=(2, "string")),
    "Resources": _fields(limits=(1, "map:Quantity"), requests=(2, "map:Quantity")),
}
KINDS = {
    ("v1", "Namespace"): "Namespace",
    ("v1", "ConfigMap"): "ConfigMap",
    ("v1", "Secret"): "Secret",
    ("v1", "ServiceAccount"): "ServiceAccount",
    ("v1", "DeleteOptions"): "DeleteOptions",
    ("policy/v1", "Eviction"): "Eviction",
    ("apps/v1", "Deployment"): "Deployment",
    ("batch/v1", "Job"): "Job",
    ("batch/v1", "CronJob"): "CronJob",
    ("v1", "Service"): "Service",
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): "AccessReview",
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): "RulesReview",
}
