"""Programs that act on a machine: containers, services, processes, networks, disks, packages, and etcd beside them."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.table import Tool, by_table, words
from safety.commands.verdict import READS, Verdict, refused

_DOCKER = Tool(
    "containers, images or the machine they run on",
    words(
        "ps images logs inspect stats top version info events diff history"
        " port search image_ls image_list image_inspect"
        " image_history container_ls container_list container_inspect container_logs container_stats container_top"
        " container_port container_diff volume_ls volume_list volume_inspect network_ls network_list network_inspect"
        " compose_ps compose_logs compose_config compose_images compose_top compose_ls compose_version compose_port"
        " system_df system_info system_events context_ls context_show context_inspect manifest_inspect node_ls"
        " service_ls service_ps service_logs stack_ls stack_ps stack_services plugin_ls buildx_ls buildx_inspect"
        " buildx_version buildx_du builder_du wait pod_ps pod_inspect pod_logs healthcheck scout build image_build"
        " buildx_build pull image_pull tag image_tag compose_pull compose_build"
    ),
    words("-H --host -c --context --config -l --log-level -n --namespace -f --file --address -a --url --profile -p"),
    words("-D --debug --tls --tlsverify --remote"),
    never=words("--push --privileged"),
)
_CTR = Tool(
    "containers",
    words(
        "version info containers_ls containers_list containers_info c_ls c_list c_info images_ls images_list i_ls"
        " images_check tasks_ls tasks_list t_ls tasks_ps tasks_metrics namespaces_ls ns_ls snapshots_ls content_ls"
        " plugins_ls events leases_ls"
    ),
    words("-n --namespace -a --address --timeout --connect-timeout"),
    words("--debug"),
)
_CRICTL = Tool(
    "containers on a node",
    words(
        "ps pods images image img inspect inspectp inspecti logs stats statsp info version imagefsinfo events"
        " metricsp runtime-config completion help config_--list"
    ),
    words("-r --runtime-endpoint -i --image-endpoint -c --config -t --timeout"),
    words("-D --debug"),
)
_SYSTEMCTL = Tool(
    "services of this machine",
    words(
        "status show cat list-units list-unit-files list-timers list-sockets"
        " list-jobs list-dependencies list-machines"
        " is-active is-enabled is-failed is-system-running get-default show-environment help"
    ),
    words("-t --type -n --lines -o --output -p --property -H --host -M --machine --state --root"),
    words("--user --system --no-pager -l --full -a --all --failed -q --quiet --plain --no-legend"),
)
_NMCLI = Tool("the network", words("status show general_status device_status device_show connection_show"))

_TABLES: dict[str, Tool] = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "podman-compose"), _DOCKER),
    "ctr": _CTR,
    "crictl": _CRICTL,
    "systemctl": _SYSTEMCTL,
    "loginctl": Tool("sessions", words("list-sessions list-users show-session show-user session-status user-status")),
    "machinectl": Tool("machines", words("list status show list-images")),
    "nmcli": _NMCLI,
    "hostnamectl": Tool("this machine", words("status")),
    "timedatectl": Tool("this machine", words("status show timesync-status list-timezones")),
    "networkctl": Tool("the network", words("list status lldp")),
    "resolvectl": Tool("the network", words("query status statistics dns domain")),
    "ufw": Tool("the firewall", words("status version show"), bare=True),
    "firewall-cmd": Tool("the firewall", words("--state")),
    "buildah": Tool("images", words("images containers inspect info version")),
    "skopeo": Tool("images in a registry", words("inspect list-tags manifest-digest")),
    "crane": Tool("images in a registry", words("ls manifest digest config catalog validate version")),
    "snap": Tool("packages", words("list info find version changes services logs")),
    "launchctl": Tool("services of this machine", words("list print blame")),
    "zpool": Tool("disks", words("status list iostat history get")),
    "zfs": Tool("disks", words("list get diff")),
    "btrfs": Tool("disks", words("filesystem_show filesystem_df filesystem_usage device_stats subvolume_list")),
    "multipass": Tool("machines", words("list info version find networks")),
    "talosctl": Tool(
        "nodes", words("version get logs dmesg health services containers stats memory list read dashboard")
    ),
}


def _tabled(call: Call) -> Verdict:
    name = "docker" if call.name.endswith("-compose") else call.name
    args = ("compose", *call.args) if call.name.endswith("-compose") else call.args
    return by_table(Call(name, args, call.around, call.stdin, call.assigned), _TABLES[call.name])


_ETCD = Grammar(
    words("--endpoints --cacert --cert --key --user --password -w --write-out --dial-timeout --command-timeout")
    | words("--limit --order --sort-by --rev --consistency --keepalive-time --discovery-srv --cert-file --key-file")
    | words("--ca-file --username --timeout -C --endpoint")
)
_ETCD_READS = words(
    "endpoint_status endpoint_health endpoint_hashkv member_list alarm_list version snapshot_status lease_list"
    " lease_timetolive help cluster-health user_list role_list role_get user_get auth_status ls completion"
)


def _etcdctl(call: Call) -> Verdict:
    parsed = take_apart(call.args, _ETCD)
    told = parsed.words + parsed.rest
    if not told:
        return READS
    if told[0] in ("get", "watch"):
        return _etcd_get(call, told[1:], parsed.has("--keys-only", "--count-only"))
    if any(" ".join(told[:count]) in _ETCD_READS for count in (1, 2)):
        return READS
    return refused(
        f"etcdctl {' '.join(told[:2])} would change etcd, where the whole cluster is kept".replace("\0", "…")
    )


def _etcd_get(call: Call, told: tuple[str, ...], names_only: bool) -> Verdict:
    """Below /registry a whole range may hold Secrets; so may a key that is not known."""
    if names_only and call.name != "watch":
        return READS
    key = told[0] if told else ""
    inside = re.fullmatch(r"/registry/([a-z0-9.]+)/.*", key)
    ranged = any(each in ("--prefix", "--from-key") for each in call.args) or len(told) > 1
    if not is_known(key) or "secret" in key.lower():
        return refused("etcdctl get would print the contents of Secrets")
    if ranged and (inside is None or "--from-key" in call.args or len(told) > 1):
        covers = "/registry/secrets/".startswith(key) or "--from-key" in call.args or len(told) > 1
        return refused("etcdctl get over this range would print the contents of Secrets") if covers else READS
    return READS


def _journalctl(call: Call) -> Verdict:
    bad = [
        each for each in call.args if each.startswith(("--vacuum", "--rotate", "--flush", "--relinquish", "--setup"))
    ]
    return refused(f"journalctl {bad[0]} would delete logs") if bad else READS


def _service(call: Call) -> Verdict:
    if call.args[-1:] == ("status",) or call.args[:1] in (("--status-all",), ()):
        return READS
    return refused("service would start, stop or change a service of this machine")


def _kill(call: Call) -> Verdict:
    """Jobs of this very shell may be ended, and processes asked whether they are there."""
    own = re.compile(r"%\d*|\$!|-(?:9|15|2|KILL|TERM|INT|SIGKILL|SIGTERM|SIGINT)")
    told = [each for each in call.args if not own.fullmatch(each)]
    if call.name == "kill" and (not told or told[0] in ("-0", "-l", "-L")):
        return READS
    return refused(f"{call.name} would end processes of this machine")


def _ip(call: Call) -> Verdict:
    told = [each for each in call.args if not each.startswith("-")]
    bad = words("add del delete set change replace append flush exec up down attach detach save restore")
    if call.name == "ip" and any(each in bad for each in told[1:4]):
        if told[:2] in (["netns", "exec"],):
            return call.runs_words(tuple(told[3:])) + refused("ip netns exec acts inside another network")
        return refused(f"ip {' '.join(told[:3])} would change the network of this machine")
    if call.name == "ifconfig" and len(told) > 1:
        return refused("ifconfig would change the network of this machine")
    return READS


def _tables(call: Call) -> Verdict:
    """iptables and its kin: looking is a flag."""
    looks = {"-L", "-S", "--list", "--list-rules", "-V", "--version", "-h", "--help"}
    clusters = any(re.fullmatch(r"-[nvx]*[LS][nvx]*", each) for each in call.args)
    changes = {
        "-A",
        "-D",
        "-I",
        "-R",
        "-F",
        "-X",
        "-P",
        "-N",
        "-E",
        "-Z",
        "--flush",
        "--append",
        "--delete",
        "--insert",
    }
    if (clusters or looks & set(call.args)) and not changes & set(call.args):
        return READS
    return refused(f"{call.name} would change the firewall of this machine")


def _nft(call: Call) -> Verdict:
    if [each for each in call.args if not each.startswith("-")][:1] in (["list"], ["describe"], ["monitor"]):
        return READS
    return refused("nft would change the firewall of this machine")


def _sysctl(call: Call) -> Verdict:
    if any("=" in each or each in ("-w", "--write", "-p", "--load", "--system") for each in call.args):
        return refused("sysctl would change the kernel of this machine")
    return READS


def _mount(call: Call) -> Verdict:
    if not [each for each in call.args if not each.startswith("-l")]:
        return READS
    return refused(f"{call.name} would change what this machine has mounted")


def _crontab(call: Call) -> Verdict:
    return READS if "-l" in call.args else refused("crontab would change what this machine runs by itself")


def _packages(call: Call) -> Verdict:
    looks = words(
        "list show search policy info query depends rdepends madison showpkg pkgnames check-update repolist provides"
        " history deps uses leaves outdated config doctor help changelog"
        " --version -v --help -qa -qi -ql -q -l -L -s -S"
        " -Q -Qi -Ql -Qs -Ss -Si whatprovides download cat desc home log"
    )
    told = next((each for each in call.args if each not in ("-y", "-q", "-qq")), "")
    if told in looks or not call.args or re.fullmatch(r"-[lLsSpqQ][a-z]*", told):
        return READS
    return refused(f"{call.name} {told} would change the software of this machine")


def _conntrack(call: Call) -> Verdict:
    looks = {"-L", "--dump", "-S", "--stats", "-C", "--count", "-G", "--get", "-E", "--event"}
    changes = {"-D", "--delete", "-F", "--flush", "-I", "--create", "-U", "--update"}
    if looks & set(call.args) and not changes & set(call.args):
        return READS
    return refused("conntrack would change the connections of this machine")


def _dmesg(call: Call) -> Verdict:
    bad = {"-c", "-C", "--clear", "--read-clear", "-D", "--console-off", "-n"}
    return refused("dmesg would clear the kernel's log") if bad & set(call.args) else READS


def _partitions(call: Call) -> Verdict:
    if set(call.args) & {"-l", "--list", "-p", "--print", "print", "-s", "--version"}:
        return READS
    return refused(f"{call.name} would change a disk")


def _changes_machine(call: Call) -> Verdict:
    if set(call.args) & {"--help", "--version"} and len(call.args) == 1:
        return READS
    return refused(f"{call.name} would change this machine")


_ALWAYS = words(
    "reboot shutdown halt poweroff init telinit pkill killall killall5 skill mkfs wipefs blkdiscard sgdisk lvremove"
    " vgremove pvremove lvreduce lvcreate vgreduce cryptsetup mdadm swapoff swapon umount modprobe insmod rmmod kexec"
    " useradd userdel usermod groupadd groupdel adduser deluser passwd"
    " chpasswd visudo setenforce semanage setfacl chattr"
    " hdparm nvme fsck resize2fs mke2fs mkswap losetup pivot_root kubelet kube-apiserver kube-proxy etcd containerd"
    " dockerd tc route arptables ebtables fallocate grub-install update-grub efibootmgr dpkg-reconfigure kpartx"
    " pg_ctl pg_ctlcluster mysqld_safe ntpdate hwclock wall at batch atrm"
    " k3s-uninstall.sh k3s-killall.sh rke2-uninstall.sh"
    " drbdadm crm pcs corosync-cfgtool ipvsadm brctl ovs-vsctl bridge rabbitmq-plugins fuser"
)

MACHINES: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_TABLES, _tabled),
    **dict.fromkeys(_ALWAYS, _changes_machine),
    "etcdctl": _etcdctl,
    "journalctl": _journalctl,
    "service": _service,
    "rc-service": _service,
    "kill": _kill,
    "ip": _ip,
    "ifconfig": _ip,
    **dict.fromkeys(("iptables", "ip6tables", "iptables-legacy", "iptables-nft"), _tables),
    "iptables-save": lambda call: READS,
    "iptables-restore": lambda call: refused("iptables-restore would change the firewall of this machine"),
    "nft": _nft,
    "sysctl": _sysctl,
    "mount": _mount,
    "crontab": _crontab,
    **dict.fromkeys(
        ("apt", "apt-get", "apt-cache", "yum", "dnf", "apk", "brew", "zypper", "pacman", "dpkg", "rpm", "port"),
        _packages,
    ),
    "dmesg": _dmesg,
    "conntrack": _conntrack,
    **dict.fromkeys(("fdisk", "sfdisk", "parted", "gdisk", "cfdisk"), _partitions),
}
