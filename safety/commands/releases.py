"""Programs that put things into clusters and accounts: helm, terraform, argocd, flux, velero, ansible and their kin."""

from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, take_apart
from safety.commands.table import Tool, by_table, words
from safety.commands.verdict import READS, Verdict, refused

_KUBE = words("--kube-context --kubeconfig --namespace -n --context --kube-apiserver --kube-token --kube-as-user")

_TABLES: dict[str, Tool] = {
    "helm": Tool(
        "a release",
        words(
            "list ls status history hist get_values get_notes get_metadata template lint show search version env"
            " repo_list repo_add repo_update dependency_list dep_list dependency_update dep_update dependency_build"
            " dep_build verify diff plugin_list help completion inspect pull package create"
        ),
        _KUBE | words("--registry-config --repository-cache --repository-config --qps --burst-limit"),
        words("--debug --kube-insecure-skip-tls-verify"),
        words("--dry-run"),
        words("--post-renderer"),
    ),
    "helmfile": Tool(
        "releases",
        words("diff list template lint status build version deps repos fetch write-values show-dag"),
        words("-f --file -e --environment -l --selector -n --namespace --kube-context --log-level --chart"),
        words("--debug -q --quiet --no-color"),
    ),
    "terraform": Tool(
        "what it manages",
        words(
            "plan show validate fmt output version providers graph state_list state_show workspace_list"
            " workspace_show init get metadata modules"
        ),
        words("-chdir"),
        never=words("-migrate-state -force-copy"),
        single_dash_long=True,
    ),
    "pulumi": Tool(
        "a stack",
        words("preview pre stack_ls stack_output stack_graph stack_history about whoami version config_get logs"),
        words("-C --cwd -s --stack --color"),
        words("--non-interactive --emoji"),
        never=words("--show-secrets"),
    ),
    "cdk": Tool("a stack", words("diff synth synthesize ls list doctor docs metadata version context")),
    "packer": Tool("images in an account", words("validate fmt inspect version plugins_installed init")),
    "vagrant": Tool("machines", words("status global-status version box_list ssh-config port validate")),
    "serverless": Tool("a deployment", words("info print package version logs metrics")),
    "sam": Tool("a deployment", words("validate build logs list local_generate-event")),
    "skaffold": Tool("a cluster", words("diagnose render version schema_list config_list lint")),
    "tilt": Tool("a cluster", words("version doctor describe get logs dump")),
    "argocd": Tool(
        "what a cluster runs",
        words(
            "app_get app_list app_diff app_history app_logs app_resources app_wait proj_list proj_get repo_list"
            " cluster_list cluster_get version account_can-i account_get-user-info account_list context appset_list"
            " appset_get repocreds_list cert_list admin_settings_validate"
        ),
        words("--server --grpc-web-root-path --config --auth-token --argocd-context -H --header --kube-context"),
        words("--grpc-web --insecure --plaintext --core --port-forward"),
    ),
    "flux": Tool(
        "what a cluster runs",
        words("get logs events check stats tree trace version diff build help completion export"),
        _KUBE | words("--timeout --cache-dir"),
        words("--verbose"),
        never=words("--with-credentials"),
    ),
    "velero": Tool(
        "backups",
        words(
            "get version help client_config_get backup_get backup_describe backup_logs restore_get restore_describe"
            " restore_logs schedule_get schedule_describe describe backup-location_get snapshot-location_get repo_get"
        ),
        _KUBE,
    ),
    "istioctl": Tool(
        "the mesh",
        words(
            "analyze proxy-status ps proxy-config_cluster proxy-config_listener"
            " proxy-config_route proxy-config_endpoint"
            " proxy-config_log proxy-config_bootstrap proxy-config_all pc_cluster pc_listener pc_route pc_endpoint"
            " pc_clusters pc_listeners pc_routes pc_endpoints proxy-config_clusters proxy-config_listeners"
            " proxy-config_routes proxy-config_endpoints version x_describe experimental_describe x_authz validate"
            " verify-install profile_list profile_dump manifest_generate ztunnel-config tag_list remote-clusters"
            " x_precheck experimental_precheck help"
        ),
        _KUBE | words("-c -i --istioNamespace -f"),
        never=words("--level -r"),
    ),
    "linkerd": Tool(
        "the mesh",
        words("check stat top edges routes viz_stat viz_top viz_edges viz_routes viz_check diagnostics version tap"),
        _KUBE | words("-L --linkerd-namespace --api-addr"),
    ),
    "cilium": Tool("the network", words("status version config_view endpoint_list service_list bpf_lb_list"), _KUBE),
    "hubble": Tool("the network", words("observe status list version"), _KUBE | words("--server")),
    "vault": Tool(
        "secrets",
        words("status version list kv_list kv_metadata_get policy_list policy_read auth_list secrets_list audit_list"),
        words("-address -namespace -format"),
        single_dash_long=True,
    ),
    "consul": Tool(
        "the catalogue", words("members info version catalog kv_get operator_raft_list-peers monitor validate")
    ),
    "nomad": Tool(
        "jobs",
        words(
            "status node_status job_status job_plan job_history alloc_status alloc_logs version validate server_members"
        ),
    ),
    "kubeadm": Tool(
        "a node", words("version certs_check-expiration config_images_list upgrade_plan config_print help")
    ),
    "kind": Tool("clusters", words("get_clusters get_nodes version help")),
    "k3d": Tool("clusters", words("cluster_list node_list version registry_list")),
    "kubeseal": Tool("a Secret", words("version"), bare=True, never=words("--recovery-unseal --recovery-private-key")),
    "operator-sdk": Tool("a cluster", words("version olm_status bundle_validate")),
    "tkn": Tool("pipelines", words("version pipeline_list pipeline_describe pipelinerun_list pipelinerun_logs"), _KUBE),
    "argo": Tool("workflows", words("list get logs version lint template_list cron_list watch"), _KUBE),
    "etcdutl": Tool("etcd", words("snapshot_status version hashkv"), words("-w --write-out")),
}
_TABLES |= {"tofu": _TABLES["terraform"], "terragrunt": _TABLES["terraform"], "sls": _TABLES["serverless"]}
_TABLES |= {"helm3": _TABLES["helm"]}

_ANSIBLE = Grammar(
    words("-i --inventory -l --limit -m --module-name -a --args -e --extra-vars -u --user -f --forks -t --tags -M")
    | words("--private-key --key-file --vault-password-file --vault-id -c --connection -T --timeout --start-at-task")
)
_CHECKING = words("-C --check --syntax-check --list-hosts --list-tasks --list-tags --help -h --version")


def _tabled(call: Call) -> Verdict:
    return by_table(call, _TABLES[call.name])


def _terragrunt(call: Call) -> Verdict:
    args = call.args[1:] if call.args[:1] in (("run-all",), ("run",)) else call.args
    kept = tuple(each for each in args if each not in ("--all", "--", "--terragrunt-non-interactive"))
    return by_table(Call("terragrunt", kept, call.around), _TABLES["terragrunt"])


def _playbook(call: Call) -> Verdict:
    parsed = take_apart(call.args, _ANSIBLE)
    if any(parsed.has(each) for each in _CHECKING) or not parsed.words:
        return READS
    return refused("ansible-playbook without --check would change machines")


def _ansible(call: Call) -> Verdict:
    parsed = take_apart(call.args, _ANSIBLE)
    module = parsed.value("-m", "--module-name") or "command"
    if any(parsed.has(each) for each in _CHECKING) or not parsed.words or module in ("ping", "setup", "debug"):
        return READS
    return refused(f"ansible -m {module} would run on other machines")


def _kops(call: Call) -> Verdict:
    tool = Tool(
        "a cluster",
        words("get validate version toolbox_dump help"),
        words("--name --state -v --config"),
    )
    return by_table(call, tool)


def _eksctl(call: Call) -> Verdict:
    tool = Tool(
        "a cluster",
        words("get info version utils_describe-stacks utils_describe-addon-versions help completion"),
        words("-C --color -v --verbose --profile"),
    )
    return by_table(call, tool)


def _k9s(call: Call) -> Verdict:
    if call.args[:1] in (("version",), ("info",), ("help",), ("completion",)) or "--readonly" in call.args:
        return READS
    return refused("k9s can change everything its user may; start it with --readonly")


def _switcher(call: Call) -> Verdict:
    """kubectx and kubens: without a word they list."""
    if set(call.args) <= {"-c", "--current", "-h", "--help", "-V", "--version"}:
        return READS
    return refused(f"{call.name} would point later commands at another cluster; name it with --context or -n instead")


def _sops(call: Call) -> Verdict:
    if set(call.args) & {"-e", "--encrypt", "encrypt", "--version", "-v", "-h", "--help", "filestatus"}:
        return READS
    return refused("sops would print or change secrets")


def _salt(call: Call) -> Verdict:
    if "test.ping" in call.args or set(call.args) <= {"--version", "--help"}:
        return READS
    return refused(f"{call.name} would run on other machines")


def _puppet(call: Call) -> Verdict:
    if "--noop" in call.args or call.args[:1] in (("--version",), ("lookup",), ("facts",), ("parser",), ("help",)):
        return READS
    return refused("puppet without --noop would change machines")


RELEASES: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_TABLES, _tabled),
    "terragrunt": _terragrunt,
    "ansible": _ansible,
    "ansible-playbook": _playbook,
    "ansible-pull": _playbook,
    "ansible-vault": lambda call: refused("ansible-vault would print or change secrets"),
    "kops": _kops,
    "eksctl": _eksctl,
    "k9s": _k9s,
    "kubectx": _switcher,
    "kubens": _switcher,
    "kubie": _switcher,
    "sops": _sops,
    "salt": _salt,
    "salt-call": _salt,
    "puppet": _puppet,
    "chef-client": lambda call: READS if "--why-run" in call.args else refused("chef-client would change this machine"),
}
