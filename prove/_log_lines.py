"""Lines as programs write them, with nothing to hide: what redaction must leave alone. Drawn, not collected.

Each kind of system has its own shapes of lines. The ids in them (pods, traces, digests, addresses) are known, so that
a lost one is counted apart from a line that changed.
"""

import random
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    text: str
    ids: tuple[str, ...]


class Draw:
    """Things that occur in logs, drawn by chance; those that triage follows are remembered."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.ids = chance, list[str]()

    def hexes(self, size: int) -> str:
        return self._kept("".join(self.chance.choice(HEX) for _ in range(size)))

    def letters(self, size: int) -> str:
        return "".join(self.chance.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(size))

    def _kept(self, text: str) -> str:
        self.ids.append(text)
        return text

    def uid(self) -> str:
        return self._kept(str(uuid.UUID(int=self.chance.getrandbits(128), version=4)))

    def app(self) -> str:
        return self.chance.choice(
            [
                "checkout",
                "payments",
                "token-service",
                "auth-proxy",
                "web",
                "api-gateway",
                "cart",
                "secrets-operator",
                "inventory",
                "user-profile",
                "password-reset",
                "session-store",
                "cert-manager",
                "ledger",
                "search",
                "mailer",
                "key-rotator",
                "billing",
            ]
        )

    def pod(self) -> str:
        return self._kept(f"{self.app()}-{self.letters(9)}-{self.letters(5)}")

    def ip(self) -> str:
        return self._kept(f"10.{self.n(255)}.{self.n(255)}.{self.n(254)}")

    def ip6(self) -> str:
        return self._kept(
            f"fd00:{self.chance.getrandbits(16):x}:{self.chance.getrandbits(16):x}::{self.chance.getrandbits(16):x}"
        )

    def digest(self) -> str:
        return self._kept("sha256:" + "".join(self.chance.choice(HEX) for _ in range(64)))

    def image(self) -> str:
        return self._kept(f"registry.acme.io/{self.app()}:{self.n(9)}.{self.n(30)}.{self.n(9)}")

    def n(self, high: int, low: int = 0) -> int:
        return self.chance.randint(low, high)

    def pick(self, words: str) -> str:
        return self.chance.choice(words.split("|"))

    def iso(self) -> str:
        return f"2026-{self.n(12, 1):02}-{self.n(28, 1):02}T{self.n(23):02}:{self.n(59):02}:{self.n(59):02}.{self.n(999):03}Z"

    def clock(self) -> str:
        return f"{self.n(23):02}:{self.n(59):02}:{self.n(59):02}"

    def epoch_ms(self) -> str:
        return self._kept(str(1_700_000_000_000 + self.n(90_000_000_000)))

    def trace(self) -> str:
        return self._kept(
            "00-"
            + "".join(self.chance.choice(HEX) for _ in range(32))
            + "-"
            + "".join(self.chance.choice(HEX) for _ in range(16))
            + "-01"
        )

    def host(self) -> str:
        return self._kept(f"ip-10-{self.n(255)}-{self.n(255)}-{self.n(255)}.eu-central-1.compute.internal")


def hdfs(d: Draw) -> str:
    block = d._kept(f"blk_{d.chance.choice(('', '-'))}{d.n(9 * 10**18, 10**18)}")
    return d.pick(
        f"081109 {d.n(235959):06} {d.n(999)} INFO dfs.DataNode$PacketResponder: PacketResponder {d.n(2)} for block {block} terminating"
        f"|081110 {d.n(235959):06} {d.n(99)} INFO dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {d.ip()}:50010 is added to {block} size {d.n(67108864)}"
        f"|081111 {d.n(235959):06} {d.n(9999)} INFO dfs.DataNode$DataXceiver: Receiving block {block} src: /{d.ip()}:{d.n(65535)} dest: /{d.ip()}:50010"
    )


def nginx(d: Draw) -> str:
    path = d.pick(
        "/healthz|/api/v1/users/42|/oauth/token|/login?next=%2Fhome|/static/app.3f9ac1d2.js|/api/passwords/reset|/api/v2/tokens?limit=50&page_token=3|/metrics"
    )
    return (
        f'{d.ip()} - - [{d.n(28, 1):02}/Mar/2026:{d.clock()} +0000] "{d.pick("GET|POST|PUT")} {path} HTTP/1.1" {d.pick("200|201|304|401|404|499|502")} '
        f'{d.n(99999)} "{d.pick("-|https://shop.example.com/cart|https://example.com/a?b=c&d=e")}" "{d.pick("curl/8.5.0|Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0|kube-probe/1.33|Go-http-client/2.0")}" rt=0.{d.n(999):03} uct="0.{d.n(9):03}" rid={d.hexes(32)}'
    )


def nginx_error(d: Draw) -> str:
    return f"2026/03/{d.n(28, 1):02} {d.clock()} [error] {d.n(99)}#{d.n(99)}: *{d.n(999999)} " + d.pick(
        f'connect() failed (111: Connection refused) while connecting to upstream, client: {d.ip()}, server: shop.example.com, request: "GET /api HTTP/1.1", upstream: "http://{d.ip()}:8080/api", host: "shop.example.com"'
        f'|no live upstreams while connecting to upstream, client: {d.ip()}, server: _, request: "POST /v1/token HTTP/2.0"'
        f'|user "svc": password mismatch, client: {d.ip()}, server: nexus, request: "GET / HTTP/1.1", host: "nexus:8081"'
    )


def kubelet(d: Draw) -> str:
    head = f"I{d.n(12, 1):02}{d.n(28, 1):02} {d.clock()}.{d.n(999999):06} {d.n(9999):>7} "
    pod = d.pod()
    return head + d.pick(
        f'kubelet.go:2421] "SyncLoop (PLEG): event for pod" pod="prod/{pod}" event={{"ID":"{d.uid()}","Type":"ContainerDied","Data":"{d.hexes(64)}"}}'
        f'|reconciler_common.go:258] "operationExecutor.MountVolume started for volume \\"kube-api-access-{d.letters(5)}\\" (UniqueName: \\"kubernetes.io/projected/{d.uid()}-kube-api-access-{d.letters(5)}\\") pod \\"{pod}\\" (UID: \\"{d.uid()}\\") "'
        f'|kuberuntime_manager.go:1341] "Unhandled Error" err="container app start failed in pod {pod}_prod({d.uid()}): CreateContainerConfigError: secret \\"db-password\\" not found" logger="UnhandledError"'
        f'|pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"app\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed container=app pod={pod}_prod({d.uid()})\\"" pod="prod/{pod}" podUID="{d.uid()}"'
        f'|token_manager.go:121] "Couldn\'t update token" err="serviceaccounts \\"default\\" not found" cacheKey="\\"default\\"/\\"prod\\"/[]string(nil)/3607"'
    )


def journald(d: Draw) -> str:
    return f"Mar {d.n(28, 1):>2} {d.clock()} {d.pick('node-1|web01|ip-10-0-1-7')} " + d.pick(
        f"sshd[{d.n(99999)}]: Failed password for invalid user admin from {d.ip()} port {d.n(65535)} ssh2"
        f"|sshd[{d.n(99999)}]: Accepted publickey for deploy from {d.ip()} port {d.n(65535)} ssh2: RSA SHA256:{d.chance.choice('AbCdEf')}{''.join(d.chance.choice(string.ascii_letters + string.digits) for _ in range(42))}"
        f"|systemd[1]: Started getty@tty1.service - Getty on tty1."
        f"|systemd[1]: user@1000.service: Deactivated successfully."
        f"|kernel: [{d.n(99999)}.{d.n(999999):06}] Memory cgroup out of memory: Killed process {d.n(99999)} (java) total-vm:{d.n(9999999)}kB, anon-rss:{d.n(999999)}kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:{d.n(9999)}kB oom_score_adj:968"
        f"|sshd[{d.n(99999)}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={d.ip()}  user=root"
        f'|containerd[{d.n(9999)}]: time="{d.iso()}" level=info msg="StopPodSandbox for \\"{d.hexes(64)}\\" returns successfully"'
        f"|sudo[{d.n(9999)}]:   deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/systemctl restart app"
    )


def spring(d: Draw) -> str:
    return (
        f"{d.iso()} {d.pick(' INFO| WARN|ERROR|DEBUG')} {d.n(99)} --- [{d.pick('nio-8080-exec-1|scheduling-1|main')}] {d.pick('o.s.b.w.embedded.tomcat.TomcatWebServer|c.a.shop.auth.TokenService|o.h.engine.jdbc.spi.SqlExceptionHelper|c.a.PasswordPolicyValidator')} : "
        + d.pick(
            f"Tomcat started on port(s): 8080 (http) with context path ''|HikariPool-1 - Connection is not available, request timed out after 30000ms.|FATAL: password authentication failed for user \"app\""
            f"|Access token expired, refreshing (expires_in=3600)|JWT validation failed: token is expired|[trace={d.hexes(32)},span={d.hexes(16)}] order {d.uid()} accepted"
            f"|Password must be at least 12 characters|No credentials provided for realm 'shop'|com.acme.Order@{d.hexes(7)} could not be saved"
            f"|Bean 'tokenStore' of type [org.acme.token.JdbcTokenStore] is not eligible for getting processed by all BeanPostProcessors"
        )
    )


def java_stack(d: Draw) -> str:
    return d.pick(
        f"\tat com.acme.shop.auth.TokenFilter.doFilterInternal(TokenFilter.java:{d.n(400)}) ~[app.jar!/:1.{d.n(40)}.{d.n(9)}]"
        f"|\tat org.springframework.security.authentication.dao.DaoAuthenticationProvider.additionalAuthenticationChecks(DaoAuthenticationProvider.java:{d.n(200)})"
        f"|Caused by: java.sql.SQLException: Access denied for user 'app'@'{d.ip()}' (using password: YES)"
        f"|Caused by: java.net.ConnectException: Connection refused: db-{d.n(9)}.internal/{d.ip()}:5432"
        f"|java.lang.IllegalStateException: Lock held by org.acme.Lock@{d.hexes(8)}, owner Thread[pool-2-thread-{d.n(9)},5,main]"
        f"|\t... {d.n(80)} common frames omitted"
    )


def go_logfmt(d: Draw) -> str:
    return (
        f"ts={d.iso()} level={d.pick('info|warn|error')} caller={d.pick('client.go|token.go|manager.go')}:{d.n(900)} "
        + d.pick(
            f'msg="request done" method=POST path=/v1/orders status={d.pick("200|500|429")} dur_ms={d.n(9000)}.{d.n(999)} trace_id={d.hexes(32)} span_id={d.hexes(16)}'
            f'|msg="lease lost" holder={d.pod()} uid={d.uid()} resourceVersion={d.n(99999999)}'
            f'|msg="usage" model=claude input_tokens={d.n(9999)} output_tokens={d.n(999)} max_tokens=4096 cached_tokens=0'
            f'|msg="dial failed" err="dial tcp {d.ip()}:5432: connect: connection refused" attempt={d.n(9)}'
            f'|msg="rejected" err="token has invalid claims: token is expired" sub=user-{d.n(999)} kid={d.n(9)}'
            f'|msg="cert reloaded" path=/etc/tls/private/tls.key serial={d.n(10**18)} not_after=2027-01-01T00:00:00Z'
            f'|msg="config" password_min_length=8 token_ttl=15m session_timeout=30m secret_name=db-credentials key_file=/etc/ssl/app.pem'
        )
    )


def json_log(d: Draw) -> str:
    return d.pick(
        f'{{"time":"{d.iso()}","level":"info","msg":"scaled","deployment":"{d.app()}","replicas":{d.n(9)},"traceparent":"{d.trace()}"}}'
        f'|{{"ts":{d.epoch_ms()},"logger":"auth","msg":"login failed","user":"u-{d.n(9999)}","reason":"invalid password","ip":"{d.ip()}"}}'
        f'|{{"level":"error","error":{{"code":"invalid_token","description":"The access token expired"}},"request_id":"{d.uid()}"}}'
        f'|{{"level":"warn","msg":"secret not found","secretName":"regcred","namespace":"prod","pod":"{d.pod()}"}}'
        f'|{{"severity":"INFO","usage":{{"prompt_tokens":{d.n(9999)},"completion_tokens":{d.n(999)},"total_tokens":{d.n(9999)}}},"id":"req_{d.hexes(24)}"}}'
        f'|{{"level":"info","etag":"W/\\"{d.hexes(40)}\\"","bucket":"acme-logs","key":"2026/03/04/{d.uid()}.json.gz","size":{d.n(10**9)}}}'
    )


def kubectl(d: Draw) -> str:
    return d.pick(
        f"{d.pod()}   0/1     CrashLoopBackOff   {d.n(99)} (2m ago)   {d.n(9)}h|Image ID:       registry.acme.io/{d.app()}@{d.digest()}"
        f"|    Container ID:  containerd://{d.hexes(64)}|      DB_PASSWORD:      <set to the key 'password' in secret 'db-credentials'>  Optional: false"
        f'|Warning  FailedMount  {d.n(59)}s  kubelet  MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found'
        f"|default-token-{d.letters(5)}   kubernetes.io/service-account-token   3   {d.n(99)}d|db-credentials   Opaque   2   {d.n(99)}d"
        f"|password:  16 bytes|      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-{d.letters(5)} (ro)"
        f'|{d.n(59)}m  Normal  Pulled  pod/{d.pod()}  Successfully pulled image "{d.image()}" in {d.n(9)}.{d.n(999)}s|    imagePullSecrets: [{{name: regcred}}]'
        f'|  valueFrom: {{secretKeyRef: {{name: db, key: password}}}}|  uid: {d.uid()}|  resourceVersion: "{d.n(10**9)}"'
        f"|    value: $(DB_PASSWORD)|    password: {{{{ .Values.db.password }}}}|    token: ${{VAULT_TOKEN}}|automountServiceAccountToken: false"
    )


def postgres(d: Draw) -> str:
    return f"2026-03-{d.n(28, 1):02} {d.clock()}.{d.n(999):03} UTC [{d.n(9999)}] " + d.pick(
        f'FATAL:  password authentication failed for user "svc"|DETAIL:  Connection matched file "/etc/postgresql/pg_hba.conf" line 97: "host all all 0.0.0.0/0 scram-sha-256"'
        f"|LOG:  checkpoint complete: wrote {d.n(9999)} buffers (1.2%); 0 WAL file(s) added, lsn={d.n(99):X}/{d.n(2**32 - 1):X}"
        f'|ERROR:  duplicate key value violates unique constraint "users_token_key"|STATEMENT:  SELECT id, token_hash FROM sessions WHERE user_id = $1'
        f"|LOG:  duration: {d.n(9999)}.{d.n(999)} ms  execute <unnamed>: UPDATE accounts SET password = $1 WHERE id = $2"
    )


def kafka(d: Draw) -> str:
    return f"[2026-03-{d.n(28, 1):02} {d.clock()},{d.n(999):03}] INFO " + d.pick(
        f"[Consumer clientId=c-{d.n(9)}, groupId=orders] Resetting offset for partition orders-{d.n(30)} to position FetchPosition{{offset={d.n(10**12)}, offsetEpoch=Optional.empty}}"
        f"|[SocketServer brokerId={d.n(9)}] Failed authentication with /{d.ip()} (SSL handshake failed) (org.apache.kafka.common.network.Selector)"
        f"|[GroupCoordinator {d.n(9)}]: Member consumer-1-{d.uid()} in group pay has left, generation {d.n(99)}"
        f"|Accepted socket connection from /{d.ip()}:{d.n(65535)}, session 0x{d.hexes(15)} negotiated timeout 30000"
    )


def aws(d: Draw) -> str:
    return d.pick(
        f"AccessDenied: User: arn:aws:sts::{d.n(999999999999):012}:assumed-role/node/i-{d.hexes(17)} is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:{d.n(999999999999):012}:secret:prod/db-AbCdEf"
        f"|Attached vol-{d.hexes(17)} to i-{d.hexes(17)} in subnet-{d.hexes(17)} (vpc-{d.hexes(8)}, sg-{d.hexes(17)})"
        f'|ThrottlingException: Rate exceeded, RequestId: {d.uid()}, x-amzn-RequestId={d.uid()}|S3 GET s3://acme-logs/{d.hexes(8)}/part-0000.parquet ETag "{d.hexes(32)}-{d.n(99)}" x-amz-id-2: -'
        f"|eni-{d.hexes(17)} {d.ip()} 443 {d.n(65535)} 6 {d.n(99)} {d.n(99999)} {d.n(1799999999, 1700000000)} {d.n(1799999999, 1700000000)} ACCEPT OK"
    )


def metrics(d: Draw) -> str:
    return d.pick(
        f'http_requests_total{{method="GET",code="200",pod="{d.pod()}"}} {d.n(10**9)}|go_memstats_alloc_bytes {d.n(9)}.{d.n(10**8)}e+07'
        f'|container_memory_working_set_bytes{{id="/kubepods/burstable/pod{d.uid()}",image="{d.image()}"}} {d.n(10**10)} {d.epoch_ms()}'
        f'|process_start_time_seconds 1.7{d.n(10**8)}e+09|apiserver_token_requests_total{{status="invalid_token"}} {d.n(999)}'
        f'|cpu 250m memory 512Mi ephemeral-storage 1Gi nvidia.com/gpu 1|up{{instance="{d.ip()}:9100",job="node"}} 1'
    )


def git(d: Draw) -> str:
    return d.pick(
        f"{d.hexes(40)} refs/heads/main|From github.com:acme/shop * branch main -> FETCH_HEAD {d.hexes(40)}|origin  git@github.com:acme/token-service.git (fetch)"
        f"|HEAD is now at {d.hexes(7)} Rotate the signing keys (#{d.n(9999)})|Cloning into '/work'... ssh://git@gitlab.acme.io:2222/platform/infra.git|https://github.com/acme/shop/commit/{d.hexes(40)}"
        f"|index {d.hexes(7)}..{d.hexes(7)} 100644|+  image: {d.image()}|go: github.com/acme/auth@v1.{d.n(30)}.{d.n(9)}: h1:{''.join(d.chance.choice(string.ascii_letters + string.digits) for _ in range(43))}="
        f"|lodash@4.17.21 integrity sha512-{''.join(d.chance.choice(string.ascii_letters + string.digits + '+/') for _ in range(86))}==|@types/node@22.{d.n(20)}.{d.n(9)}"
    )


def python(d: Draw) -> str:
    return (
        f"2026-03-{d.n(28, 1):02} {d.clock()},{d.n(999):03} {d.pick('INFO|ERROR|WARNING')} {d.pick('celery.worker|urllib3.connectionpool|django.request|app.auth')}: "
        + d.pick(
            f'Task shop.tasks.sync[{d.uid()}] succeeded in {d.n(9)}.{d.n(10**6)}s: None|https://api.example.com:443 "POST /v1/token HTTP/1.1" 401 {d.n(999)}|Unauthorized: /api/token/'
            f'|psycopg2.OperationalError: connection to server at "db" ({d.ip()}), port 5432 failed: FATAL: password authentication failed for user "svc"'
            f"|  File \"/app/auth/tokens.py\", line {d.n(400)}, in get_password|KeyError: 'API_KEY'|<Order object at 0x{d.hexes(12)}> password=None token=***|retrying in {d.n(9)}s (token bucket empty)"
        )
    )


def go_panic(d: Draw) -> str:
    return d.pick(
        f"goroutine {d.n(999)} [running]:|main.(*TokenCache).Get(0xc{d.hexes(9)}, {{0xc{d.hexes(9)}, 0x1b}})|\t/go/src/app/token.go:{d.n(900)} +0x{d.hexes(3)}"
        f"|panic: runtime error: invalid memory address or nil pointer dereference|[signal SIGSEGV: segmentation violation code=0x1 addr=0x{d.n(99)} pc=0x{d.hexes(6)}]|exit status 2"
        f"|net/http.(*conn).serve(0xc{d.hexes(9)}, {{0x{d.hexes(6)}, 0xc{d.hexes(9)}}})"
    )


def node(d: Draw) -> str:
    return d.pick(
        f"JsonWebTokenError: invalid signature|TokenExpiredError: jwt expired|    at Object.verify (/app/node_modules/jsonwebtoken/verify.js:{d.n(300)}:19)|SyntaxError: Unexpected token < in JSON at position 0"
        f"|npm warn deprecated har-validator@5.1.5: this library is no longer supported|    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)|Error: connect ECONNREFUSED {d.ip()}:6379"
        f"|[{d.iso()}] GET /api/session 401 {d.n(90)}ms - ref {d.uid()}|MongoServerError: Authentication failed.|UnhandledPromiseRejection: secretOrPrivateKey must have a value"
    )


def etcd(d: Draw) -> str:
    return d.pick(
        f'{{"level":"warn","ts":"{d.iso()}","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"{d.n(999)}.{d.n(999)}ms","prefix":"read-only range ","request":"key:\\"/registry/secrets/prod/db-password\\" ","response":"range_response_count:1 size:{d.n(9999)}"}}'
        f'|{{"level":"info","ts":"{d.iso()}","msg":"compacted","revision":{d.n(10**9)},"hash":{d.n(2**32)},"member-id":"{d.hexes(16)}"}}'
        f'|audit: {{"auditID":"{d.uid()}","verb":"get","requestURI":"/api/v1/namespaces/prod/secrets/db-credentials","sourceIPs":["{d.ip()}"],"responseStatus":{{"code":403}}}}'
    )


def terraform(d: Draw) -> str:
    return d.pick(
        f"aws_instance.web: Creation complete after {d.n(99)}s [id=i-{d.hexes(17)}]|random_password.db: Refreshing state... [id=none]|  + password = (sensitive value)|  ~ token    = (sensitive value)"
        f"|module.eks.aws_eks_cluster.this: Still creating... [{d.n(9)}m{d.n(59)}s elapsed]|Plan: {d.n(9)} to add, {d.n(9)} to change, 0 to destroy.|  + secret_arn = (known after apply)"
        f"|helm_release.app: Modifying... [id={d.app()}]|Error: error reading Secrets Manager Secret Version (arn:aws:secretsmanager:eu-west-1:{d.n(999999999999):012}:secret:db): AccessDenied"
    )


def windows(d: Draw) -> str:
    return f"2016-09-{d.n(28, 1):02} {d.clock()}, Info  CBS  " + d.pick(
        f"Loaded Servicing Stack v6.1.7601.{d.n(99999)} with Core: C:\\Windows\\winsxs\\amd64_microsoft-windows-servicingstack_{d.hexes(16)}_6.1.7601.23505_none_{d.hexes(16)}\\cbscore.dll"
        f"|SQM: Requesting upload of all unsent reports.|Read out cached package applicability for package: Package_for_KB{d.n(9999999)}~{d.hexes(16)}~amd64~~6.1.1.1, ApplicableState: {d.n(112)}, CurrentState:{d.n(112)}"
        f"|Session: {d.n(99999999)}_{d.n(999999999)} initialized by client WindowsUpdateAgent."
    )


def android(d: Draw) -> str:
    return f"03-{d.n(28, 1):02} {d.clock()}.{d.n(999):03}  {d.n(9999)}  {d.n(9999)} {d.pick('D|I|W')} " + d.pick(
        f"WindowManager: printFreezingDisplayLogsopening app wtoken = AppWindowToken{{{d.hexes(7)} token=Token{{{d.hexes(8)} ActivityRecord{{{d.hexes(7)} u0 com.acme.shop/.Main t{d.n(999)}}}}}}}, allDrawn= false"
        f'|PowerManagerService: acquireWakeLockInternal: lock={d.n(99999999)}, flags=0x1, tag="*launch*", name=android, ws=null, uid={d.n(9999)}, pid={d.n(9999)}'
        f"|ActivityManager: START u0 {{act=android.intent.action.MAIN cmp=com.acme/.LoginActivity}} from uid {d.n(19999)} on display 0"
    )


KINDS = (
    hdfs, nginx, nginx_error, kubelet, journald, spring, java_stack, go_logfmt, json_log, kubectl, postgres, kafka, aws, metrics, git,
    python, go_panic, node, etcd, terraform, windows, android,
)  # fmt: skip


def lines(chance: random.Random, size: int) -> Iterator[Line]:
    """``size`` lines, every kind in turn."""
    for at in range(size):
        kind = KINDS[at % len(KINDS)]
        draw = Draw(chance)
        text = kind(draw)
        yield Line(kind.__name__, text, tuple(each for each in draw.ids if each in text))
