"""The command lines of clouds: what describes and lists, against what changes an account or hands out credentials."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.table import Tool, by_table, words
from safety.commands.verdict import READS, Verdict, refused

_AWS = words(
    "--profile --region --output --query --endpoint-url --cli-connect-timeout --cli-read-timeout --color --ca-bundle"
)
_AWS_SWITCHES = words("--no-cli-pager --debug --no-verify-ssl --no-paginate --no-sign-request --no-cli-auto-prompt")
_AWS_READS = re.compile(
    r"(?:describe|list|get|batch-get|head|lookup|search|filter|query|scan|tail|wait|validate|estimate|simulate|check)"
    r"(?:-[a-z0-9-]+)?|help"
)
_AWS_ALSO = words(
    "s3_ls logs_start-query logs_stop-query configure_list configure_list-profiles cloudtrail_lookup-events"
    " cloudformation_detect-stack-drift eks_list-clusters history_list history_show"
)
# These hand out what opens doors.
_AWS_CREDENTIALS = re.compile(
    r"get-secret-value|batch-get-secret-value|get-session-token|get-federation-token|get-login(?:-password)?|get-token"
    r"|get-authorization-token|get-password-data|get-role-credentials|get-credentials[a-z-]*|get-access-token"
    r"|get-random-password|get-key-pair[a-z-]*|get-instance-access-details|get-cluster-credentials[a-z-]*"
    r"|get-default-credential[a-z-]*|get-data-key[a-z-]*|get-developer-identity[a-z-]*|get-open-id-token[a-z-]*"
)


def _aws(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(_AWS))
    told = parsed.words
    if not told or told[:1] == ("help",) or told[-1:] == ("help",):
        return READS
    strange = [each for each in call.args[: call.args.index(told[0])] if each.startswith("-")]
    strange = [each for each in strange if each.partition("=")[0] not in _AWS | _AWS_SWITCHES]
    if strange or len(told) < 2 or not all(is_known(each) for each in told[:2]):
        return refused("aws: what it would do is not clear; write aws, the service, the operation, then its flags")
    service, operation = told[:2]
    if why := _aws_credentials(service, operation, call.args):
        return refused(why)
    if service == "s3" and operation in ("cp", "sync"):
        return _aws_copy(told, call.args)
    if f"{service} {operation}" in _AWS_ALSO or (_AWS_READS.fullmatch(operation) and service != "configure"):
        return READS
    if service == "ec2" and "--dry-run" in call.args and "--no-dry-run" not in call.args:
        return READS
    if (service, operation) == ("sts", "get-caller-identity"):
        return READS
    return refused(f"aws {service} {operation} would change the account or what runs in it")


def _aws_credentials(service: str, operation: str, args: tuple[str, ...]) -> str | None:
    if _AWS_CREDENTIALS.fullmatch(operation) or (service == "ecr" and operation.startswith("get-login")):
        return f"aws {service} {operation} would print a secret or a credential"
    decrypts = any(each.startswith("--with-d") for each in args)
    if service == "ssm" and (decrypts or operation == "get-access-token"):
        return f"aws ssm {operation} --with-decryption would print a secret"
    return None


def _aws_copy(told: tuple[str, ...], args: tuple[str, ...]) -> Verdict:
    """Out of a bucket is a look; into one, or with --delete, is not."""
    places = told[2:]
    is_out = len(places) == 2 and places[0].startswith("s3://") and not places[1].startswith("s3://")
    if is_out and is_known(places[1][:1]) and "--delete" not in args:
        return READS
    return refused(f"aws s3 {told[1]} would change a bucket or delete files")


_GCLOUD = words(
    "--project --account --configuration --region --zone --format --filter --verbosity --impersonate-service-account"
    " --flags-file --billing-project --limit --sort-by --page-size --location --cluster --instance"
)
_GCLOUD_VERBS = words(
    "describe list list-tags read tail get-iam-policy get-value get-server-config get-ancestors info version help"
    " search-all-resources search-all-iam-policies list-grantable-roles get-health get-serial-port-output topic"
    " list-instances list-errors get-effective-firewalls get-status ls du cat stat hash"
)
_GCLOUD_NEVER = words(
    "print-access-token print-identity-token access get-credentials ssh get-auth-string print-refresh-token"
)


def _gcloud(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(_GCLOUD))
    told = [each for each in parsed.words if each not in ("alpha", "beta")]
    if not told or parsed.has("--version", "--help", "-h"):
        return READS if is_known("".join(told)) else refused(f"what {call.name} would do is not known before it runs")
    groups = told[:6]
    if any(each in _GCLOUD_NEVER for each in groups):
        return refused(f"{call.name} {' '.join(groups)} would hand out a secret, a credential or a shell")
    verb = next((each for each in groups if each in _GCLOUD_VERBS), None)
    before = groups[: groups.index(verb)] if verb else groups
    if verb is None or any(not is_known(each) or _changes(each) for each in before):
        return refused(f"{call.name} {' '.join(groups[:4])} would change the account".replace("\0", "…"))
    return READS


_CHANGING = re.compile(
    r"(?:create|delete|update|remove|add|set|reset|stop|start|restart|resize|deploy|destroy|drain|rollback|promote|patch"
    r"|import|export|enable|disable|undelete|suspend|resume|terminate|reboot|purge|run|submit|apply|upgrade|detach"
    r"|attach|move|copy|cp|mv|rm|rsync|kill|scale|invoke|write|publish|restore|failover|execute|call|activate|revoke)"
    r"(?:-[a-z0-9-]+)?"
)


def _changes(word: str) -> bool:
    return bool(_CHANGING.fullmatch(word))


_AZ = Grammar(
    words("-g --resource-group -n --name --subscription -o --output --query -l --location --ids --vault-name")
)
_AZ_VERBS = re.compile(r"(?:show|list|get|check|exists|wait|validate|what-if|query|tail|help|version)(?:-[a-z0-9-]+)?")
_AZ_NEVER = re.compile(
    r"get-credentials|get-access-token|list-keys|show-connection-string|get-upgrades-secret|download"
)


def _az(call: Call) -> Verdict:
    parsed = take_apart(call.args, _AZ)
    told = parsed.words
    if not told or parsed.has("--help", "-h", "--version"):
        return READS
    shown = " ".join(told[:4])
    if any(_AZ_NEVER.fullmatch(each) for each in told) or "secret" in told or "keys" in told or "credential" in told:
        return refused(f"az {shown} would hand out a secret or a credential")
    if told[0] == "rest":
        method = (parsed.value("--method", "-m") or "").lower()
        method = method or next(
            (b for a, b in zip(call.args, call.args[1:], strict=False) if a in ("--method", "-m")), ""
        )
        return (
            READS
            if method.lower() == "get"
            else refused("az rest with another method than get would change the account")
        )
    if any(_AZ_VERBS.fullmatch(each) for each in told) and not any(_changes(each) for each in told if is_known(each)):
        return READS
    return refused(f"az {shown} would change the account".replace("\0", "…"))


_GSUTIL = Tool("a bucket", words("ls du cat stat hash version help"), words("-o -u -h"), words("-m -q -D"))
_GENERIC_READS = re.compile(
    r"(?:list|ls|get|show|describe|status|info|version|whoami|search|read|view|logs?|history|help|inspect|top|usage|ps)"
    r"(?:-[a-z0-9-]+)?"
)


def _generic(call: Call) -> Verdict:
    """A cloud of which only the verbs are known: one that looks, none that changes."""
    parsed = take_apart(
        call.args, Grammar(words("--context -t --access-token --region --project --profile -o --output"))
    )
    told = parsed.words[:5]
    if not told or parsed.has("--help", "-h", "--version", "-v"):
        return READS
    parts = [part for each in told for part in re.split(r"[:.]", each)]
    if any("kubeconfig" in each or "credential" in each for each in parts):
        return refused(f"{call.name} {' '.join(told)} would hand out a credential")
    if any(_GENERIC_READS.fullmatch(each) for each in parts) and not any(_changes(each) for each in parts):
        return READS
    return refused(f"{call.name} {' '.join(told)} would change the account".replace("\0", "…"))


_OTHERS = words(
    "doctl ibmcloud oci scw linode-cli hcloud openstack vultr-cli aliyun"
    " tccli yc exo flyctl fly heroku railway vercel"
    " netlify cf civo rancher ovh upctl gridscale stackit ionosctl databricks snow confluent ccloud atlas planetscale"
    " pscale supabase firebase cloudflared wrangler fastly akamai copilot"
    " ecs-cli eb awslocal s3cmd mc rclone govc virsh"
    " xe qm pct pvesh tsh tctl boundary teleport kn rosa crc aws-nuke cloud-nuke azcopy"
)

CLOUDS: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_OTHERS, _generic),
    "aws": _aws,
    "awslocal": _aws,
    "gcloud": _gcloud,
    "gsutil": lambda call: by_table(call, _GSUTIL),
    "az": _az,
}
