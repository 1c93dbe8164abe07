"""How Moodle and Canvas call the columns of their files, in the languages that courses use most.

English, German, French, Spanish, Portuguese and Chinese; in small letters without accents, with bars between the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from course_kit.grading.handed_in.naming import without_accents

MOODLE = {
    "moodle": "identifier|id|identifiant|identificador|标识符|标识号|编号",
    "name": "full name|vollstandiger name|nom complet|nombre completo|nome completo|全名|姓名",
    "number": "id number|id-nummer|numero d'identification|numero de id|numero de identificacao|numero id|id号|学号",
    "login": "username|anmeldename|nom d'utilisateur|nombre de usuario|nome de usuario|identificacao de usuario"
    "|nome de utilizador|用户名",
    "email": "email address|e-mail-adresse|adresse de courriel|direccion de correo|direccion email|endereco de email"
    "|endereco de e-mail|e-mail|email地址|email 地址|电子邮件地址",
    "group": "group|gruppe|groupe|grupo|小组|组",
    "grade": "grade|bewertung|note|calificacion|nota|avaliacao|成绩|评分",
    "maximum": "maximum grade|bestwertung|maximale bewertung|note maximale|calificacion maxima|nota maxima"
    "|avaliacao maxima|最高分|最高成绩|满分",
    "comments": "feedback comments|feedback als kommentar|feedback par commentaires|comentarios de retroalimentacion"
    "|comentarios de feedback|反馈意见",
    "submitted": "last modified (submission)|zuletzt geandert (abgabe)|derniere modification (travail remis)"
    "|derniere modification (remise)|ultima modificacion (entrega)|fecha de entrega|ultima modificacao (envio)"
    "|ultima modificacao (submissao)|最后修改(提交)|最后修改 (提交)|最近修改(提交)",
}
CANVAS = {
    "login": "sis login id|sis-login-id|login id|identifiant de connexion sis|id de inicio de sesion sis"
    "|id de inicio de sesion de sis|id de login sis|id de login do sis|sis 登录 id|sis登录id",
    "number": "sis user id|sis-benutzer-id|identifiant utilisateur sis|id de usuario sis|id de usuario de sis"
    "|id de usuario do sis|id do usuario sis|sis 用户 id|sis用户id",
    "section": "section|abschnitt|seccion|secao|班级|部分",
}
NUMBERED = re.compile(r".+ \(\d+\)", re.DOTALL)  # how Canvas calls the column of an assignment


def columns(header: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """What a column holds → how this file calls it; only what it has."""
    plain = {" ".join(without_accents(name).casefold().replace("’", "'").split()): name for name in reversed(header)}
    known = {field: [plain[name] for name in text.split("|") if name in plain] for field, text in names.items()}
    return {field: found[0] for field, found in known.items() if found}
