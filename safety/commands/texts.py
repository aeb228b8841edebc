"""Programs that only print, search or compute: the words they are given are data, whatever those words say."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, take_apart
from safety.commands.secrets import holds_credentials
from safety.commands.table import words
from safety.commands.variables import runs_inside
from safety.commands.verdict import READS, Verdict, refused

# They show what is inside files.
_SHOWING = words(
    "cat tac head tail less more bat batcat grep egrep fgrep zgrep rg ag"
    " ack ugrep jq yq gojq dasel fx xq htmlq base64"
    " base32 xxd od hexdump strings nl rev cut sort uniq paste column fold"
    " fmt diff sdiff colordiff comm cmp csvcut mlr"
    " zcat bzcat xzcat gunzip gzip zstd pr look iconv cksum envsubst split csplit tsort vimdiff delta glow pygmentize"
)
# They do not.
_SAYING = words(
    "echo printf true false : test [ [[ ls ll la dir exa eza tree stat"
    " file wc du df date cal basename dirname realpath"
    " readlink which type whereis whatis man info apropos tldr sleep seq"
    " expr bc dc factor numfmt tr yes history pwd cd"
    " pushd popd dirs set unset shopt ulimit umask wait jobs fg bg disown"
    " read readarray mapfile let declare local typeset"
    " readonly export return exit break continue shift getopts times uptime free ps pgrep pstree htop btop who w"
    " id whoami groups users last lastlog uname hostname arch nproc lscpu"
    " lsblk lsmem lspci lsusb lsmod lsns lsof ss netstat"
    " vmstat iostat mpstat pidstat sar numastat dig nslookup host drill"
    " ping ping6 traceroute tracepath mtr whois getent arp"
    " locale tput clear stty tty logname printenv md5sum sha1sum sha256sum"
    " sha512sum shasum md5 b2sum crc32 uuidgen mktemp"
    " touch mkdir cowsay figlet lolcat notify-send pbcopy pbpaste xclip xsel stern kubetail kubent popeye"
    " kube-score kubeconform kubeval kube-linter pluto polaris trivy grype"
    " syft hadolint conftest opa tflint tfsec checkov"
    " kubescape kube-bench kube-capacity kubectl-neat infracost promtool jsonlint xmllint dyff cfn-lint"
    " actionlint blkid findmnt ldd nm objdump readelf size addr2line ctags cloc tokei scc bandit gitleaks"
    " alias unalias help compgen caller suspend logout ncal getconf cmatrix"
)


_INDEXED = re.compile(r"\w\[.*(?:\$\(|`)")
_RECKONING = words("let declare typeset local readonly export read unset test [ [[ printf getopts wait (( return exit")
_CALLING_BACK = words("mapfile readarray compgen complete")


def _shows(call: Call) -> Verdict:
    for each in call.args:
        if holds_credentials(each):
            return refused(f"{call.name} {each} would print credentials")
    if call.name == "yq" and any(each in ("-i", "--inplace") or each.startswith("--inplace") for each in call.args):
        from safety.commands.files import matters

        bad = [each for each in call.args[1:] if matters(each, call.around.files)]
        return refused(f"yq -i would change {bad[0]}") if bad else READS
    if call.name == "sort" and any(each.startswith("--compress-prog") for each in call.args):
        return refused("sort --compress-program would start a program")
    if call.name == "rg" and any(each.startswith("--pre") and not each.startswith("--pretty") for each in call.args):
        return refused("rg --pre would start a program")
    if call.name in ("less", "more") and any(each.startswith("+") and "!" in each for each in call.args):
        return refused(f"{call.name} would start a program")
    if call.name == "split" and any(each.startswith("--filter") for each in call.args):
        return refused("split --filter would start a program")
    return READS


def _says(call: Call) -> Verdict:
    return READS


def _computes(call: Call) -> Verdict:
    """Builtins that take the name of a variable: bash reckons its index, and runs what it finds in it."""
    return sum((runs_inside(call, each) for each in call.args if _INDEXED.search(each)), READS)


def _calls_back(call: Call) -> Verdict:
    """``mapfile -C`` and its kin start a command for what they read."""
    parsed = take_apart(call.args, Grammar(words("-C -c -d -n -O -s -u -A -W -F -G -P -S -X")))
    line = parsed.value("-C")
    named = next((word for word in parsed.values("-F") if word), None)
    verdict = call.runs_line(line) if line else READS
    return verdict + (call.runs_words((named,)) if named and call.name in ("compgen", "complete") else READS)


def _hash(call: Call) -> Verdict:
    if call.args in ((), ("-r",), ("-l",), ("-t",)):
        return READS
    return refused(f"{call.name} {call.args[0]} may give a program another name")


def _man(call: Call) -> Verdict:
    bad = [each for each in call.args if each.startswith(("-P", "--pager", "-H", "--html"))]
    return refused(f"man {bad[0]} would start a program") if bad else READS


def _tcpdump(call: Call) -> Verdict:
    return refused("tcpdump -z would start a program") if "-z" in call.args else READS


def _amtool(call: Call) -> Verdict:
    told = [each for each in call.args if not each.startswith("-")]
    looks = {"query", "show", "routes", "test"}
    if not told or (told[0] in ("check-config", "alert", "config", "cluster", "template") and "add" not in told):
        return READS
    return READS if looks & set(told) else refused("amtool would silence alerts or change them")


def _kustomize(call: Call) -> Verdict:
    if any(each in ("--enable-exec", "--enable-alpha-plugins", "--enable-helm") for each in call.args):
        return refused("kustomize would run programs that the folder names")
    looks = ("build", "version", "cfg", "localize", "create", "edit", "help")
    return (
        READS
        if (call.args[:1] and call.args[0] in looks) or not call.args
        else refused(f"kustomize {call.args[0]} changes more")
    )


TEXTS: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_SHOWING, _shows),
    **dict.fromkeys(_SAYING, _says),
    **dict.fromkeys(_RECKONING, _computes),
    **dict.fromkeys(_CALLING_BACK, _calls_back),
    "man": _man,
    "hash": _hash,
    "enable": _hash,
    "bind": _hash,
    "tcpdump": _tcpdump,
    "amtool": _amtool,
    "kustomize": _kustomize,
    "top": _says,
}
