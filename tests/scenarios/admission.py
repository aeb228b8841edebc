"""What the API server lets in, changes or refuses: webhooks, pod security, quotas, service accounts, rights."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    TO_REVISION,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    http_probe,
    running,
    scenario,
    template,
    unschedulable,
)


@scenario
def injected_selector() -> Scenario:
    world = cluster("2026-07-08T09:58:00Z", "pricing-lab", "datasets", nodes=("lab-1", "lab-2", "lab-3"))
    world.namespace("placement")
    world.webhook(
        "placement.policy.example.com",
        "pods.placement.policy.example.com",
        ("placement", "placement-webhook", "/mutate"),
        mutating=True,
        age="190d",
        generation=7,
        failure_policy="Ignore",
    )
    hook = world.deployment(
        "placement-webhook",
        template(container("webhook", f"{REGISTRY}/platform/placement:3.1.0", port=[("https", 8443)])),
        ages=("1h5m",),
        replicas=1,
        first_revision=12,
        namespace="placement",
        empty=True,
    )
    (judge,) = hook.pods(1)
    world.log(
        judge,
        chatter(
            "55m",
            "3m",
            "6m",
            '{"level":"info","ts":"<t>","msg":"patched pod","namespace":"pricing-lab","rule":"team-pools","nodeSelector":{"pool":"lab-gpu"}}',
        ),
    )
    world.service("placement-webhook", 443, "https", namespace="placement")
    body = template(container("simulator", f"{REGISTRY}/lab/simulator:0.18.2", port=8080, cpu=("1", "2")))
    simulator = world.deployment(
        "simulator", body, ages=("16d",), replicas=3, first_revision=8, empty=True, unavailable_since="44m"
    )
    simulator.pods(1, running("16d"))
    message = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    for pod in simulator.pods(2, unschedulable("44m", message)):
        pod["spec"]["nodeSelector"] = {"pool": "lab-gpu"}
        pod["metadata"]["annotations"] = {"placement.policy.example.com/rule": "team-pools"}
    world.change(
        "PR-505",
        "pull_request",
        "1h10m",
        "placement: send lab teams to the gpu pool",
        repo="example/placement",
        author="c.weiss",
        files=["rules/team-pools.yaml"],
        services=["placement-webhook"],
        diff="+  - namespaces: [pricing-lab]\n+    nodeSelector: {pool: lab-gpu}",
        deployed_by="placement 3.1.0",
    )
    return world.scenario(
        "lab-simulator-where-from",
        "admission",
        "two simulator pods pending. their deployment has no node selector, where does it come from?",
        Truth(
            "incident",
            ("admission_mutation", "node_selector_mismatch"),
            ("Deployment/pricing-lab/simulator", "MutatingWebhookConfiguration/placement.policy.example.com"),
            culprit="PR-505",
            culprits=(hook.rollout(),),
            innocent=(simulator.rollout(),),
            remediation=("none", "rollback"),
            targets=("Deployment/placement/placement-webhook",),
            must_not_say=(
                ROLLBACK_HELPS,
                r"roll back .?Deployment/pricing-lab/simulator",
                "insufficient (cpu|memory)",
                "add(ing)? (more )?nodes (would|will|should) (help|fix)",
            ),
            evidence=("didn't match Pod's node affinity/selector", "lab-gpu"),
        ),
        notes="The pods carry a node selector that neither the Deployment nor the ReplicaSet has: a webhook writes it. A pod of "
        "sixteen days ago lacks it.",
    )


@scenario
def injected_proxy_memory() -> Scenario:
    world = cluster("2026-05-18T13:29:00Z", "orders", "returns", "basket")
    world.namespace("mesh")
    world.webhook(
        "sidecar-injector",
        "inject.mesh.example.com",
        ("mesh", "injector", "/inject"),
        mutating=True,
        selector={"matchLabels": {"mesh": "on"}},
        age="300d",
        generation=21,
    )
    injector = world.deployment(
        "injector",
        template(container("injector", f"{REGISTRY}/mesh/injector:1.24.2", port=[("https", 9443)])),
        ages=("220d",),
        replicas=1,
        first_revision=3,
        namespace="mesh",
    )
    world.service("injector", 443, "https", namespace="mesh")
    world.config_map(
        "injector-values",
        {"values.yaml": "proxy:\n  resources:\n    limits: {memory: 24Mi}\n"},
        namespace="mesh",
        age="220d",
    )
    body = template(
        container(
            "orders",
            f"{REGISTRY}/orders/orders:10.0.3",
            port=8080,
            memory=("256Mi", "512Mi"),
            readinessProbe=http_probe("/health", "http"),
        )
    )
    orders = world.deployment(
        "orders", body, ages=("21d",), replicas=3, first_revision=64, empty=True, unavailable_since="31m"
    )
    orders.templates[0]["spec"]["containers"].append(
        container("mesh-proxy", f"{REGISTRY}/mesh/proxy:1.24.2", memory=("128Mi", "256Mi"), cpu="50m")
    )
    orders.pods(2, running("21d"))
    orders.templates[0]["spec"]["containers"][1]["resources"] = {
        "limits": {"memory": "24Mi"},
        "requests": {"cpu": "50m", "memory": "24Mi"},
    }
    (pod,) = orders.pods(1, crash_loop("31m", 10, Ended(137, "1m9s", "2s", "OOMKilled"), only="mesh-proxy"))
    orders.object["spec"]["template"]["spec"]["containers"] = orders.object["spec"]["template"]["spec"]["containers"][
        :1
    ]
    world.log(
        pod,
        '-1m11s|<t>\tinfo\tFLAG: --concurrency="0"\n-1m10s|<t>\tinfo\tStarting proxy agent\n-1m10s|<t>\tinfo\tstarting\n',
        container="mesh-proxy",
        previous=True,
    )
    world.log(
        pod,
        chatter(
            "12m",
            "2s",
            "15s",
            '{"@timestamp":"<t>","level":"WARN","message":"cannot reach proxy admin at 127.0.0.1:15000, trying again"}',
        ),
        container="orders",
    )
    world.service("orders", 80, "http")
    world.change(
        "cfg-mesh-12",
        "config",
        "2h",
        "mesh: smaller proxies",
        repo="example/mesh-config",
        author="n.park",
        files=["values.yaml"],
        services=["injector"],
        diff="-    limits: {memory: 256Mi}\n+    limits: {memory: 24Mi}",
        deployed_by="applied 11:28",
    )
    world.change(
        "PR-2801",
        "pull_request",
        "21d1h",
        "orders 10.0.3",
        repo="example/orders",
        author="p.santos",
        files=["pom.xml"],
        services=["orders"],
        deployed_by="orders 10.0.3",
    )
    return world.scenario(
        "orders-replaced-pod",
        "admission",
        "one orders pod was rescheduled and now it crash loops",
        Truth(
            "incident",
            ("admission_mutation", "oom_killed"),
            (
                "Deployment/orders/orders",
                "MutatingWebhookConfiguration/sidecar-injector",
                "ConfigMap/mesh/injector-values",
            ),
            culprit="cfg-mesh-12",
            innocent=("PR-2801", orders.rollout(), injector.rollout()),
            remediation=("none", "rollback"),
            targets=("ConfigMap/mesh/injector-values",),
            must_not_say=("orders has a memory leak", ROLLBACK_HELPS, r"roll back .?Deployment/orders/orders"),
            evidence=("OOMKilled", "mesh-proxy"),
        ),
        notes="The container that dies is not in the template: the injector adds it, since this morning with 24 MiB. Pods made "
        "before carry the old size. A restart would take the others down.",
    )


@scenario
def policy_webhook_down() -> Scenario:
    world = cluster("2026-09-22T22:41:00Z", "booking", "rooms", "invoices")
    world.namespace("policy")
    world.webhook(
        "policy-validating",
        "validate.policy.example.com",
        ("policy", "policy-admission", "/validate"),
        age="260d",
        generation=3,
    )
    image = f"{REGISTRY}/policy/admission:1.13.2"
    judge = world.deployment(
        "policy-admission",
        template(container("admission", image, port=[("https", 9443)], memory=("64Mi", "96Mi"))),
        ages=("110d",),
        replicas=1,
        first_revision=5,
        namespace="policy",
        empty=True,
        unavailable_since="58m",
    )
    (pod,) = judge.pods(1, crash_loop("110d", 15, Ended(2, "3m", "1s")))
    world.log(
        pod,
        '-3m1s|<t>  ERROR  setup  problem running manager  {"error": "open /tmp/k8s-webhook-server/serving-certs/tls.crt: no such file or directory"}\n',
        previous=True,
    )
    world.service("policy-admission", 443, "https", namespace="policy")
    why = 'Internal error occurred: failed calling webhook "validate.policy.example.com": failed to call webhook: Post "https://policy-admission.policy.svc:443/validate?timeout=10s": no endpoints available for service "policy-admission"'
    body = template(container("availability", f"{REGISTRY}/booking/availability:4.2.0", port=8080))
    slots = world.deployment(
        "availability",
        body,
        ages=("10d",),
        replicas=3,
        first_revision=41,
        empty=True,
        refused=why,
        unavailable_since="49m",
    )
    slots.pods(2, running("10d"))
    slots.refusals("49m", "1m", 22)
    world.service("availability")
    return world.scenario(
        "booking-availability-two-of-three",
        "admission",
        "availability has 2 of 3 pods and does not create the third",
        Truth(
            "incident",
            ("admission_webhook_failure",),
            (
                "Deployment/booking/availability",
                "ValidatingWebhookConfiguration/policy-validating",
                "Deployment/policy/policy-admission",
            ),
            innocent=(slots.rollout(),),
            must_not_say=("exceeded quota", "policy (refuses|denies|forbids) the pod", ROLLBACK_HELPS),
            evidence=('failed calling webhook "validate.policy.example.com"',),
        ),
        notes="The webhook's own pod is down, in another namespace than the one asked about. It cannot be called, so nothing is let in.",
    )


@scenario
def scanner_times_out() -> Scenario:
    world = cluster("2026-02-12T04:05:00Z", "etl", "catalog-db")
    world.namespace("scan")
    world.webhook(
        "image-scan",
        "scan.images.example.com",
        ("scan", "scanner", "/v1/admit"),
        age="80d",
        timeout=5,
        resources=("pods",),
    )
    scanner = world.deployment(
        "scanner",
        template(container("scanner", f"{REGISTRY}/scan/scanner:0.58.1", port=[("https", 8443)], cpu=("50m", "100m"))),
        ages=("80d",),
        replicas=1,
        first_revision=2,
        namespace="scan",
        empty=True,
    )
    (pod,) = scanner.pods(1)
    world.log(
        pod,
        chatter(
            "50m",
            "20s",
            "40s",
            '{"time":"<t>","level":"WARN","msg":"vulnerability database download slow","elapsed":"<int:9-60>s"}',
            '{"time":"<t>","level":"INFO","msg":"admit","image":"etl/load","took":"<int:11-40>s"}',
        ),
    )
    world.service("scanner", 443, "https", namespace="scan")
    cron = world.cronjob(
        "hourly-load",
        "0 * * * *",
        template(container("load", f"{REGISTRY}/etl/load:2.0.7", cpu="500m", memory="512Mi")),
        last="5m",
        last_success="1h2m",
    )
    for ago, done in (("3h5m", "3h1m"), ("2h5m", "2h1m"), ("1h5m", "1h2m")):
        world.run_of(cron, ago, done=done)
    job = world.run_of(cron, "5m", pods=[])
    world.objects.remove(world.of("Pod", "etl")[-1])
    job["status"] = {"startTime": world.at("5m"), "terminating": 0, "ready": 0, "uncountedTerminatedPods": {}}
    why = 'Internal error occurred: failed calling webhook "scan.images.example.com": failed to call webhook: Post "https://scanner.scan.svc:443/v1/admit?timeout=5s": context deadline exceeded'
    world.event(
        job, "FailedCreate", f"Error creating: {why}", last="30s", first="4m55s", count=7, source="job-controller"
    )
    return world.scenario(
        "etl-four-o-clock",
        "admission",
        "the 4:00 load has no pod",
        Truth(
            "incident",
            ("admission_webhook_failure",),
            (
                "CronJob/etl/hourly-load",
                f"Job/etl/{job['metadata']['name']}",
                "ValidatingWebhookConfiguration/image-scan",
                "Deployment/scan/scanner",
            ),
            must_not_say=("backoff limit", "image (or tag )?does not exist", "exceeded quota"),
            evidence=('failed calling webhook "scan.images.example.com"', "context deadline exceeded"),
        ),
        notes="The scanner runs and is ready, but needs longer than the five seconds that the configuration gives it.",
    )


@scenario
def agents_privileged() -> Scenario:
    world = cluster("2026-06-02T12:12:00Z", "observability", "dashboards", "traces")
    home = next(each for each in world.of("Namespace") if each["metadata"]["name"] == "observability")
    home["metadata"]["labels"] |= {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "latest",
    }
    before = template(container("agent", f"{REGISTRY}/observability/node-agent:1.7.0", memory=("64Mi", "128Mi")))
    after = changed(before, image=f"{REGISTRY}/observability/node-agent:1.8.0", securityContext={"privileged": True})
    after["spec"] |= {"hostPID": True}
    agent = world.daemonset("node-agent", before, after, ages=("66d", "47m"), empty=True)
    for node in ("node-1", "node-3"):
        agent.pods(1, running("66d"), revision=0, node=node)
    why = 'pods "node-agent-{}" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true), privileged (container "agent" must not set securityContext.privileged=true)'
    world.event(
        agent.object,
        "FailedCreate",
        "Error creating: " + why.format("wz8kq"),
        last="2m40s",
        first="46m",
        count=19,
        source="daemonset-controller",
    )
    world.change(
        "PR-61",
        "pull_request",
        "52m",
        "node-agent 1.8: eBPF",
        repo="example/observability",
        author="h.bauer",
        files=["node-agent/daemonset.yaml"],
        services=["node-agent"],
        diff="+          securityContext:\n+            privileged: true",
        deployed_by="sync 11:24",
    )
    return world.scenario(
        "observability-agent-missing-node",
        "admission",
        "node-2 sends no metrics since lunch",
        Truth(
            "incident",
            ("pod_security_denied", "bad_rollout_config"),
            ("DaemonSet/observability/node-agent",),
            culprit=agent.rollout(),
            culprits=("PR-61",),
            remediation=("rollback", "none"),
            targets=("DaemonSet/observability/node-agent",),
            must_not_say=(
                "node-2 (is|was) (down|not ready|the cause)",
                "kubelet (is|was|has) (down|stopped)",
                "taint (is|was) the cause",
            ),
            evidence=('violates PodSecurity "baseline:latest"',),
        ),
        notes="The update takes one node at a time: the first old pod is gone, its successor is refused. There is no pod to look at.",
    )


@scenario
def restricted_namespace() -> Scenario:
    world = cluster("2026-03-05T10:00:00Z", "citizens", "forms", "letters")
    home = next(each for each in world.of("Namespace") if each["metadata"]["name"] == "citizens")
    home["metadata"]["labels"] |= {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    why = (
        'pods "<set>-x2x9k" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "portal" must set '
        'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "portal" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "portal" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "portal" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )
    body = template(container("portal", f"{REGISTRY}/citizens/portal:2.0.1", port=8080))
    portal = world.deployment(
        "portal", body, ages=("54d",), replicas=3, first_revision=20, empty=True, refused=why, unavailable_since="33m"
    )
    portal.pods(1, running("54d"))
    portal.refusals("33m", "50s", 17)
    world.service("portal")
    world.change(
        "SEC-210",
        "config",
        "5h",
        "Enforce the restricted profile in citizens",
        repo="example/namespaces",
        author="security",
        files=["citizens.yaml"],
        services=["citizens"],
        diff="-    pod-security.kubernetes.io/enforce: baseline\n+    pod-security.kubernetes.io/enforce: restricted",
        deployed_by="applied 05:02",
    )
    world.change(
        "PR-990",
        "pull_request",
        "3h",
        "forms: accessibility",
        repo="example/forms",
        author="r.jansen",
        files=["forms/a11y.ts"],
        services=["forms"],
        deployed_by="forms 2.8.1",
    )
    return world.scenario(
        "citizens-portal-one-left",
        "admission",
        "portal lost two of its three pods when we drained nodes and they do not come back",
        Truth(
            "incident",
            ("pod_security_denied",),
            ("Deployment/citizens/portal", "Namespace/citizens"),
            culprit="SEC-210",
            innocent=("PR-990", portal.rollout()),
            must_not_say=(
                RESTART_HELPS,
                ROLLBACK_HELPS,
                "insufficient (cpu|memory)",
            ),
            evidence=('violates PodSecurity "restricted:latest"',),
        ),
        notes="The label of the namespace was tightened this morning; running pods stay, new ones are refused. The last pod would "
        "not survive a restart.",
    )


@scenario
def burst_over_quota() -> Scenario:
    world = cluster("2026-12-14T11:24:00Z", "campaigns", "audience", "assets")
    hard = {"limits.memory": "11776Mi", "pods": "40", "requests.cpu": "6", "requests.memory": "8Gi"}
    world.quota(
        "team", hard, {"limits.memory": "11264Mi", "pods": "14", "requests.cpu": "1200m", "requests.memory": "5632Mi"}
    )
    why = 'pods "<set>-x2x9k" is forbidden: exceeded quota: team, requested: limits.memory=1Gi, used: limits.memory=11264Mi, limited: limits.memory=11776Mi'
    sender = world.deployment(
        "sender",
        template(container("sender", f"{REGISTRY}/campaigns/sender:8.8.1", port=8080, memory=("512Mi", "1Gi"))),
        ages=("9d",),
        replicas=14,
        first_revision=35,
        empty=True,
        refused=why,
        unavailable_since="39m",
    )
    sender.pods(10, running("9d"))
    world.autoscaler("sender", least=4, most=20, current=14, cpu=83, last_scaled="39m", since="39m")
    sender.refusals("39m", "1m10s", 31)
    world.event(
        world.of("HorizontalPodAutoscaler")[0],
        "SuccessfulRescale",
        "New size: 14; reason: cpu resource utilization (percentage of request) above target",
        last="39m",
        kind="Normal",
        source="horizontal-pod-autoscaler",
    )
    world.service("sender")
    return world.scenario(
        "campaigns-sender-fourteen",
        "admission",
        "sender should be at 14 pods for the campaign, it stays at 10",
        Truth(
            "incident",
            ("quota_exceeded",),
            ("Deployment/campaigns/sender", "ResourceQuota/campaigns/team"),
            innocent=(sender.rollout(),),
            must_not_say=(
                "nodes? (is|are) full",
                "insufficient (cpu|memory)",
                "raise maxReplicas",
                "scaling (it )?(up|out) (would|will|should) (help|fix)",
            ),
            evidence=("exceeded quota: team",),
        ),
        notes="The autoscaler wants fourteen, the quota of the namespace lets ten in. Nodes have room. Scaling would not help.",
    )


@scenario
def surge_pod_no_room() -> Scenario:
    world = cluster("2026-04-27T08:47:00Z", "hr", "payslips", "absence")
    hard = {"pods": "8", "requests.cpu": "4"}
    world.quota("hr-quota", hard, {"pods": "8", "requests.cpu": "600m"})
    world.limit_range(
        "defaults",
        [
            {
                "default": {"cpu": "500m", "memory": "512Mi"},
                "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
                "type": "Container",
            }
        ],
    )
    before = template(container("people", f"{REGISTRY}/hr/people:5.4.0", port=8080))
    after = changed(before, image=f"{REGISTRY}/hr/people:5.5.0")
    why = 'pods "<set>-x2x9k" is forbidden: exceeded quota: hr-quota, requested: pods=1, used: pods=8, limited: pods=8'
    people = world.deployment(
        "people",
        before,
        after,
        ages=("40d", "18m"),
        replicas=4,
        first_revision=27,
        empty=True,
        refused=why,
        strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}, "type": "RollingUpdate"},
    )
    people.pods(4, revision=0)
    people.refusals("18m", "2m", 14)
    world.service("people")
    return world.scenario(
        "hr-people-update",
        "admission",
        "people 5.5.0 is not rolling out, no new pod appears",
        Truth(
            "incident",
            ("quota_exceeded", "rollout_stuck"),
            ("Deployment/hr/people", "ResourceQuota/hr/hr-quota"),
            innocent=(),
            must_not_say=(
                "people is (completely )?down",
                "image (or tag )?does not exist",
                "insufficient (cpu|memory)",
            ),
            evidence=("exceeded quota: hr-quota",),
        ),
        notes="A surge of one and none unavailable needs a ninth pod; the quota allows eight. The new version itself was never tried, "
        "so it is not to blame; going back would only give up.",
    )


@scenario
def account_with_new_name() -> Scenario:
    world = cluster("2026-08-05T16:33:00Z", "freight", "tracking", "customs")
    world.service_account("dispatch")
    before = template(
        container("dispatch", f"{REGISTRY}/freight/dispatch:3.9.2", port=8080), service_account="dispatch"
    )
    after = template(
        container("dispatch", f"{REGISTRY}/freight/dispatch:3.10.0", port=8080), service_account="dispatch-runtime"
    )
    why = 'pods "<set>-x2x9k" is forbidden: error looking up service account freight/dispatch-runtime: serviceaccount "dispatch-runtime" not found'
    load = world.deployment(
        "dispatch",
        before,
        after,
        ages=("28d", "21m"),
        replicas=2,
        first_revision=15,
        empty=True,
        refused=why,
    )
    load.pods(2, revision=0)
    load.refusals("21m", "1m30s", 15)
    world.service("dispatch")
    world.change(
        "PR-418",
        "pull_request",
        "27m",
        "dispatch: own service account",
        repo="example/freight-deploy",
        author="o.kaya",
        files=["dispatch/deployment.yaml"],
        services=["dispatch"],
        diff="-      serviceAccountName: dispatch\n+      serviceAccountName: dispatch-runtime",
        deployed_by="dispatch 3.10.0",
    )
    return world.scenario(
        "freight-dispatch-update",
        "admission",
        "dispatch 3.10.0 does not start",
        Truth(
            "incident",
            ("service_account_missing", "bad_rollout_config"),
            ("Deployment/freight/dispatch",),
            culprit=load.rollout(),
            culprits=("PR-418",),
            remediation=("rollback", "none"),
            targets=("Deployment/freight/dispatch",),
            must_not_say=("dispatch is (completely )?down", "exceeded quota", "cannot pull"),
            evidence=('serviceaccount "dispatch-runtime" not found',),
        ),
        notes="The chart names an account that nobody made. No pod of the new revision exists; the old ones serve.",
    )


@scenario
def account_removed() -> Scenario:
    world = cluster("2026-10-30T19:19:00Z", "sync", "crm-api", "mapper")
    body = template(
        container("pull", f"{REGISTRY}/sync/pull:1.1.4", cpu="50m", memory="64Mi"),
        service_account="crm-sync",
        restartPolicy="OnFailure",
    )
    cron = world.cronjob("crm-pull", "*/15 * * * *", body, last="4m", last_success="1h48m")
    for ago, done in (("2h19m", "2h18m"), ("2h4m", "2h3m"), ("1h49m", "1h48m")):
        world.run_of(cron, ago, done=done)
    why = 'pods "crm-pull-{}-" is forbidden: error looking up service account sync/crm-sync: serviceaccount "crm-sync" not found'
    for ago in ("34m", "19m", "4m"):
        job = world.run_of(cron, ago)
        world.objects.remove(world.of("Pod", "sync")[-1])
        job["status"] = {"startTime": world.at(ago), "terminating": 0, "ready": 0, "uncountedTerminatedPods": {}}
        world.event(
            job,
            "FailedCreate",
            "Error creating: " + why.format(job["metadata"]["name"].rpartition("-")[2]),
            last="2m",
            first=ago,
            count=8,
            source="job-controller",
        )
    world.event(
        cron,
        "SuccessfulCreate",
        f"Created job {job['metadata']['name']}",
        last="4m",
        kind="Normal",
        source="cronjob-controller",
    )
    world.change(
        "PR-73",
        "pull_request",
        "1h41m",
        "Move crm-sync account to the platform repository",
        repo="example/sync-deploy",
        author="v.horvat",
        files=["rbac/crm-sync.yaml"],
        services=["crm-pull"],
        diff="-kind: ServiceAccount\n-metadata:\n-  name: crm-sync",
        deployed_by="sync 17:40",
    )
    world.change(
        "PR-980",
        "pull_request",
        "1h30m",
        "Add crm-sync account",
        repo="example/platform",
        author="v.horvat",
        files=["accounts/crm-sync.yaml"],
        services=["crm-pull"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "sync-crm-stale",
        "admission",
        "CRM data is two hours old. crm-pull creates jobs but nothing happens",
        Truth(
            "incident",
            ("service_account_missing",),
            (
                "CronJob/sync/crm-pull",
                *(f"Job/sync/{each['metadata']['name']}" for each in world.of("Job", "sync")[-3:]),
            ),
            culprit="PR-73",
            innocent=("PR-980",),
            must_not_say=("crm-api (is|was) (down|the cause)", "CronJob is suspended", RESTART_HELPS),
            evidence=('serviceaccount "crm-sync" not found',),
        ),
        notes="The account was removed here before it was made there. Three Jobs without a pod; the older ones are well.",
    )


@scenario
def operator_lost_right() -> Scenario:
    world = cluster("2026-05-26T06:31:00Z", "certs", "portal")
    world.service_account("issuer")
    role = world.role("issuer", [("", "configmaps", "get,list,watch"), ("certs.example.com", "*", "*")])
    world.role_binding("issuer", role, "issuer")
    body = template(
        container("issuer", f"{REGISTRY}/certs/issuer:1.16.2", memory=("64Mi", "128Mi")), service_account="issuer"
    )
    older = changed(body, image=f"{REGISTRY}/certs/issuer:1.16.1")
    issuer = world.deployment("issuer", older, body, ages=("90d", "31d"), replicas=1, first_revision=6, empty=True)
    (pod,) = issuer.pods(1)
    world.log(
        pod,
        chatter(
            "55m",
            "1s",
            "14s",
            'E<t>       1 reflector.go:166] "Unhandled Error" err="pkg/client/informers/externalversions/factory.go:116: Failed to watch *v1.Secret: failed to list *v1.Secret: secrets is forbidden: User \\"system:serviceaccount:certs:issuer\\" cannot list resource \\"secrets\\" in API group \\"\\" in the namespace \\"certs\\"" logger="UnhandledError"',
            'W<t>       1 reflector.go:561] pkg/client/informers/externalversions/factory.go:116: failed to list *v1.Secret: secrets is forbidden: User "system:serviceaccount:certs:issuer" cannot list resource "secrets" in API group "" in the namespace "certs"',
            'I<t>       1 controller.go:205] "waiting for caches to sync" controller="issuer"',
        ),
        style="klog",
    )
    world.change(
        "SEC-77",
        "pull_request",
        "1h2m",
        "Least privilege: no role may list secrets",
        repo="example/rbac",
        author="security",
        files=["certs/issuer-role.yaml"],
        services=["issuer"],
        diff='-  - apiGroups: [""]\n-    resources: [secrets]\n-    verbs: [get, list, watch, create, update]',
        deployed_by="sync 05:32",
    )
    return world.scenario(
        "certs-issuer-silent",
        "admission",
        "new certificates are not issued since this morning, issuer looks Running",
        Truth(
            "incident",
            ("rbac_forbidden",),
            ("Deployment/certs/issuer", "Role/certs/issuer"),
            culprit="SEC-77",
            innocent=(issuer.rollout(),),
            must_not_say=(
                "certificate (has|is) expired",
                RESTART_HELPS,
                ROLLBACK_HELPS,
                "everything is (well|healthy)",
            ),
            evidence=("system:serviceaccount:certs:issuer", "is forbidden"),
        ),
        notes="The pod is ready because it has no probe; it does nothing without its caches. The right was taken away an hour ago.",
    )


@scenario
def runner_in_new_namespace() -> Scenario:
    world = cluster("2026-11-11T14:00:00Z", "previews", "registry-cache", nodes=("ci-1", "ci-2"))
    world.service_account("runner")
    role = world.role(
        "runner",
        [("", "pods,pods/log", "get,list,watch"), ("apps", "deployments", "get,list,watch,create,update,patch")],
    )
    world.role_binding("runner", role, "runner")
    body = template(
        container("runner", f"{REGISTRY}/previews/runner:2.7.0", memory=("128Mi", "256Mi")), service_account="runner"
    )
    runner = world.deployment("runner", body, ages=("3h",), replicas=1, empty=True)
    (pod,) = runner.pods(1, crash_loop("3h", 38, Ended(1, "2m20s", "2s")))
    world.log(
        pod,
        """
-2m22s|<t> INFO  runner: version 2.7.0
-2m21s|<t> INFO  runner: checking rights
-2m20s|<t> ERROR runner: ingresses.networking.k8s.io is forbidden: User "system:serviceaccount:previews:runner" cannot create resource "ingresses" in API group "networking.k8s.io" in the namespace "previews"
Error: preflight failed
""",
        previous=True,
    )
    return world.scenario(
        "previews-runner-setup",
        "admission",
        "runner in previews does not stay up, set up three hours ago",
        Truth(
            "incident",
            ("rbac_forbidden",),
            ("Deployment/previews/runner", "Role/previews/runner", "RoleBinding/previews/runner"),
            must_not_say=(
                TO_REVISION,
                "service account (runner )?(does not exist|is missing)",
                "was OOMKilled",
            ),
            evidence=('cannot create resource "ingresses"',),
        ),
        notes="The account exists and may do much, but not this. The first revision: nothing to go back to.",
    )
