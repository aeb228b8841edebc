"""What systems and databases say in other languages, put into the English that the rules for signs know.

The translations are those that the C library, Windows and PostgreSQL ship, and the usual words for a setting that is
not there. A program that logs in its authors' language still quotes these.
"""

from typing import Any

import ahocorasick

_ENGLISH = {
    "connection refused": "verbindung verweigert|verbindungsaufbau abgelehnt|verbindung abgelehnt|connexion refusée|"
    "connexion refusee|conexión rehusada|conexión rechazada|conexion rechazada|conexão recusada|ligação recusada|"
    "connessione rifiutata|verbinding is geweigerd|verbinding geweigerd|anslutningen nekades|anslutning vägrad|"
    "połączenie odrzucone|в соединении отказано|接続を拒否されました|连接被拒绝|拒绝连接",
    "connection timed out": "die wartezeit für die verbindung ist abgelaufen|zeitüberschreitung der verbindung|"
    "zeitüberschreitung beim verbindungsaufbau|zeitüberschreitung bei der verbindung|"
    "verbindung konnte nicht aufgebaut werden|connexion terminée par expiration du délai d'attente|"
    "délai de connexion dépassé|délai d'attente dépassé lors de la connexion|expiró el tiempo de conexión|"
    "tiempo de conexión agotado|tempo esgotado para conexão|tempo limite de conexão esgotado|"
    "connessione scaduta|tempo scaduto per la connessione|время ожидания соединения истекло|连接超时",
    "connection reset by peer": "die verbindung wurde vom kommunikationspartner zurückgesetzt|"
    "connexion ré-initialisée par le correspondant|conexión reinicializada por la máquina remota|"
    "conexão fechada pela outra ponta|connessione interrotta dal corrispondente",
    "no route to host": "keine route zum zielrechner|aucun chemin d'accès pour atteindre l'hôte cible|"
    "no existe ninguna ruta hasta el `host'|no hay ruta hasta el host|não há rota para o host|"
    "nessun instradamento per l'host",
    "name or service not known": "der name oder der dienst ist nicht bekannt|nom ou service inconnu|"
    "nombre o servicio desconocido|nome ou serviço desconhecido|nome o servizio sconosciuto|"
    "naam of dienst is niet bekend|имя или служба не известны",
    "permission denied": "keine berechtigung|zugriff verweigert|permission non accordée|accès refusé|permiso denegado|"
    "permissão negada|acesso negado|permesso negato|toegang geweigerd|åtkomst nekas|brak dostępu|"
    "отказано в доступе|权限不够|許可がありません",
    "no space left on device": "auf dem gerät ist kein speicherplatz mehr verfügbar|kein speicherplatz mehr|"
    "aucun espace disponible sur le périphérique|plus d'espace disque|no queda espacio en el dispositivo|"
    "não há espaço disponível no dispositivo|spazio esaurito sul device|geen ruimte meer over op apparaat|"
    "на устройстве не осталось свободного места|设备上没有空间|デバイスに空き領域がありません",
    "no such file or directory": "datei oder verzeichnis nicht gefunden|aucun fichier ou dossier de ce type|"
    "aucun fichier ou dossier de ce nom|no existe el archivo o el directorio|no existe el fichero o el directorio|"
    "arquivo ou diretório inexistente|file o directory non esistente|bestand of map bestaat niet|"
    "нет такого файла или каталога",
    "address already in use": "die adresse wird bereits verwendet|adresse wird bereits verwendet|"
    "adresse déjà utilisée|la dirección ya se está usando|dirección ya en uso|endereço já em uso|"
    "endereço já está em uso|indirizzo già in uso|adres is al in gebruik|адрес уже используется",
    "cannot allocate memory": "nicht genügend hauptspeicher verfügbar|impossible d'allouer de la mémoire|"
    "no se pudo asignar memoria|não é possível alocar memória|impossibile allocare memoria",
    "read-only file system": "das dateisystem ist nur lesbar|système de fichiers accessible en lecture seulement|"
    "sistema de ficheros de sólo lectura|sistema de arquivos somente para leitura|file system in sola lettura",
    "password authentication failed": "passwort-authentifizierung fehlgeschlagen|anmeldung fehlgeschlagen|"
    "authentifizierung fehlgeschlagen|authentification par mot de passe échouée|échec de l'authentification|"
    "la autentificación password falló|la autenticación falló|error de autenticación|contraseña incorrecta|"
    "credenciales inválidas|credenciales incorrectas|autenticação do tipo senha falhou|falha na autenticação|"
    "senha incorreta|senha inválida|autenticazione con password fallita|autenticazione fallita|password errata|"
    "falsches passwort|passwort falsch|mot de passe incorrect|mot de passe invalide|identifiants invalides|"
    "ошибка аутентификации|密码错误|パスワード認証に失敗",
    "too many clients already": "schon zu viele verbindungen|zu viele verbindungen|trop de clients sont déjà connectés|"
    "trop de connexions|ya tenemos demasiados clientes|demasiadas conexiones|muitos clientes conectados|"
    "demasiados clientes|muitas conexões|troppi client già connessi|troppe connessioni",
    "cannot execute in a read-only transaction": "kann nicht in einer read-only-transaktion ausgeführt werden|"
    "dans une transaction en lecture seule|en una transacción de sólo lectura|em uma transação somente leitura",
    "certificate has expired": "zertifikat ist abgelaufen|certificat a expiré|certificat expiré|"
    "certificado ha expirado|certificado ha caducado|certificado expirou|certificado expirado|certificato scaduto|"
    "certificaat is verlopen",
    "environment variable": "umgebungsvariable|umgebungsvariablen|variable d'environnement|variables d'environnement|"
    "variable de entorno|variables de entorno|variável de ambiente|variáveis de ambiente|variabile d'ambiente|"
    "variabile di ambiente|omgevingsvariabele|miljövariabel|zmienna środowiskowa|переменная окружения|"
    "переменная среды|环境变量|環境変数",
    "is not set": "ist nicht gesetzt|nicht gesetzt|ist nicht definiert|fehlt|nicht angegeben|n'est pas définie|"
    "n'est pas défini|non définie|non défini|est manquante|est manquant|manquante|manquant|n'est pas renseignée|"
    "no está definida|no está definido|no definida|no definido|no establecida|falta por definir|não está definida|"
    "não está definido|não definida|não definido|ausente|non è impostata|non impostata|non è definita|mancante|"
    "niet ingesteld|ontbreekt|saknas|nie jest ustawiona|не задана|не установлена|未设置|未设定|設定されていません",
    "configuration": "konfiguration|einstellung|configuración|configuração|configurazione|configuratie|конфигурация|"
    "конфигурации|設定ファイル|配置文件",
    "invalid value": "ungültiger wert|ungültige angabe|ungültig|valeur invalide|valor inválido|valor no válido|"
    "valore non valido|ongeldige waarde|недопустимое значение|无效的值",
    "not reachable": "nicht erreichbar|antwortet nicht|injoignable|inaccessible|ne répond pas|no responde|inalcanzable|"
    "não responde|inacessível|irraggiungibile|non risponde|onbereikbaar|недоступен|не отвечает",
}


def _automaton() -> Any:
    made = ahocorasick.Automaton()
    for english, others in _ENGLISH.items():
        for each in others.split("|"):
            made.add_word(each, (len(each), english))
    made.make_automaton()
    return made


_KNOWN = _automaton()


def in_english(line: str) -> str:
    """The line with such phrases in English; the longest that begins first. As it is where it has none."""
    lowered = line.lower()
    # Lower case may be longer, as of the Turkish capital I; then places differ, and the line stays.
    found = list(_KNOWN.iter(lowered)) if len(lowered) == len(line) else []
    if not found:
        return line
    spans = sorted((end + 1 - length, -length, english) for end, (length, english) in found)
    parts, done = [], 0
    for start, negative, english in spans:
        end = start - negative
        if start >= done and not _is_inside_a_word(lowered, start, end):
            parts += [line[done:start], english]
            done = end
    return "".join([*parts, line[done:]])


def _is_inside_a_word(line: str, start: int, end: int) -> bool:
    """Whether letters go on beside it; scripts without spaces, such as Chinese, have no words to be inside of."""
    if not line[start].isascii() and ord(line[start]) > 0x2E80:
        return False
    return (start > 0 and line[start - 1].isalnum()) or (end < len(line) and line[end].isalnum())
