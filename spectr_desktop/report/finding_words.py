"""The words by which reports name fields, severities and chapters, in the languages met so far."""

from __future__ import annotations

import enum
import re
from functools import cache

from spectr_desktop.records.grades import Severity


class Field(enum.Enum):
    """What a label of a finding introduces."""

    # The members are the keys of every look-up; by their names the hash takes five times as long.
    __hash__ = object.__hash__

    TITLE = "title"
    NUMBER = "number"
    SEVERITY = "severity"
    IMPACT = "impact"
    LIKELIHOOD = "likelihood"
    CONFIDENCE = "confidence"
    CATEGORY = "category"
    LOCATION = "location"
    CONTRACT = "contract"
    FUNCTION = "function"
    LINES = "lines"
    CODE = "code"
    DESCRIPTION = "description"
    SCENARIO = "scenario"
    PROOF = "proof"
    RECOMMENDATION = "recommendation"
    FIX = "fix"
    OTHER = "other"


_LABELS: dict[Field, str] = {
    Field.TITLE: """title|name|finding|finding title|issue|issue title|vulnerability|bug|
        vulnerability name|
        issue name|problem|headline|titel|befund|schwachstelle|titre|nom|vulnérabilité|título|
        nombre|
        hallazgo|vulnerabilidad|titolo|vulnerabilità|标题|名称|漏洞名称|问题名称|问题|漏洞|標題|
        タイトル|脆弱性名|
        名前|название|заголовок|уязвимость|vulnerability title""",
    Field.NUMBER: "id|no|no.|nr|nr.|number|#|finding id|issue id|编号|序号|番号|номер|№",
    Field.SEVERITY: """severity|severity level|severity rating|severity score|risk|risk level|
        risk rating|rating|
        criticality|schweregrad|schwere|risiko|risikostufe|kritikalität|sévérité|gravité|criticité|
        niveau de risque|niveau de gravité|severidad|gravedad|criticidad|nivel de riesgo|riesgo|
        severidade|gravidade|gravità|severità|严重程度|严重性|严重级别|危险等级|风险等级|
        风险级别|等级|级别|
        嚴重程度|重大度|深刻度|危険度|重要度|серьёзность|серьезность|критичность|уровень риска|
        уровень критичности|опасность|уровень опасности""",
    Field.IMPACT: """impact|impact level|potential impact|security impact|consequence|
        consequences|auswirkung|
        auswirkungen|folgen|impacts|conséquence|conséquences|impacto|consecuencias|impatto|影响|
        潜在影响|
        影響|影響度|последствия|влияние|воздействие|impact assessment|business impact|effect""",
    Field.LIKELIHOOD: """likelihood|probability|exploitability|likelihood of exploitation|
        eintrittswahrscheinlichkeit|
        wahrscheinlichkeit|probabilité|vraisemblance|probabilidad|probabilidade|probabilità|
        可能性|概率|
        利用可能性|発生可能性|発生確率|вероятность""",
    Field.CONFIDENCE: """confidence|confidence level|confidence score|certainty|konfidenz|
        sicherheit der aussage|
        confiance|confianza|置信度|信心|確信度|信頼度|уверенность""",
    Field.CATEGORY: """category|type|vulnerability type|vulnerability class|class|classification|
        weakness|swc|
        swc id|swc-id|cwe|cwe id|issue type|scwe|owasp|kategorie|typ|art|catégorie|
        type de vulnérabilité|
        categoría|tipo|tipo de vulnerabilidad|类型|漏洞类型|分类|类别|種類|脆弱性の種類|カテゴリ|
        分類|категория|
        тип|тип уязвимости|swc registry|bug class|swc reference|attack type""",
    Field.LOCATION: """location|context|locations|file|
        files|path|where|place|affected code location|
        affected file|
        affected files|affected|affected locations|code location|source|target|affected component|
        affected contract(s)|file location|stelle|ort|fundstelle|fundort|datei|betroffene stelle|
        dateien|
        emplacement|localisation|fichier|fichiers|lieu|ubicación|ubicacion|localización|archivo|
        lines of code|lugar|localização|arquivo|posizione|位置|文件|代码位置|漏洞位置|所在位置|
        受影响文件|場所|
        箇所|該当箇所|
        ファイル|местоположение|расположение|файл|место|где|instances|affected area|code reference|
        file path""",
    Field.CONTRACT: """contract|contracts|affected contract|affected contracts|contract name|
        vertrag|contrat|
        contrato|contratto|合约|受影响合约|コントラクト|контракт""",
    Field.FUNCTION: """function|functions|affected function|affected functions|function name|
        method|vulnerable function|
        funktion|betroffene funktion|fonction|fonction affectée|función|funcion|función afectada|
        função|
        funzione|函数|受影响函数|函数名|関数|対象関数|функция""",
    Field.LINES: """line|lines|line number|line numbers|line(s)|line no|zeile|zeilen|ligne|lignes|
        línea|
        líneas|linea|linha|linhas|行|行号|行数|行番号|строка|строки|start line|affected lines""",
    Field.CODE: """code|code snippet|vulnerable code|affected code|snippet|code excerpt|
        problematic code|
        relevant code|evidence|source code|vulnerable code snippet|quote|code reference snippet|
        betroffener code|verwundbarer code|code vulnérable|code concerné|extrait de code|
        código vulnerable|
        código|código afectado|codice|codice vulnerabile|漏洞代码|相关代码|代码|代码片段|
        問題のコード|該当コード|コード|
        脆弱なコード|уязвимый код|код|фрагмент кода""",
    Field.DESCRIPTION: """description|details|detail|summary|reasoning|
        what happens|explanation|overview|root cause|
        cause|what|
        issue description|problem description|vulnerability detail|vulnerability details|
        technical details|
        finding description|why|why it matters|analysis|rationale|reason|the issue|the problem|
        vulnerability description|detailed description|what's wrong|beschreibung|erklärung|
        ursache|details zur schwachstelle|
        problembeschreibung|explication|détails|cause racine|analyse|descripción|descripcion|
        explicación|detalles|causa|causa raíz|descrição|descrizione|描述|说明|详细描述|漏洞描述|
        问题描述|
        原因|分析|描述与影响|説明|詳細|内容|概要|описание|подробности|пояснение|причина|суть|
        root cause analysis""",
    Field.SCENARIO: """scenario|exploit scenario|attack scenario|exploitation scenario|
        attack vector|attack path|
        exploit path|attack|exploit|exploitation|how to exploit|
        how it is exploited|how it's exploited|
        how an attacker exploits it|attack steps|exploit steps|steps|
        steps to reproduce|reproduction|example scenario|how it can be exploited|attack flow|
        trigger|
        angriffsszenario|szenario|angriff|ablauf|scénario|scénario d'attaque|
        scénario d'exploitation|
        exploitation possible|escenario|escenario de ataque|escenario de explotación|ataque|
        explotación|
        cenário de ataque|scenario di attacco|攻击场景|攻击步骤|利用场景|攻击路径|利用方式|
        攻撃シナリオ|シナリオ|攻撃手順|
        悪用シナリオ|сценарий|сценарий атаки|сценарий эксплуатации|атака|эксплуатация|vector""",
    Field.PROOF: """proof of concept|proof of concepts|poc|proof|proof of code|exploit code|
        poc code|
        proof-of-concept|konzeptnachweis|machbarkeitsnachweis|preuve de concept|prueba de concepto|
        prova de conceito|概念验证|概念実証|доказательство концепции|пример эксплойта|test case|
        pocs""",
    Field.RECOMMENDATION: """recommendation|recommendations|recommended mitigation|
        recommended mitigation steps|
        mitigation|mitigations|remediation|remediation steps|solution|recommended action|action|
        how to fix|how to fix it|the fix|how to mitigate|mitigation strategy|what to do|
        suggestion|suggestions|mitigation steps|advice|recommendation(s)|resolution|
        empfehlung|empfehlungen|maßnahme|maßnahmen|behebung|lösung|abhilfe|recommandation|
        recommandations|atténuation|remédiation|correctif recommandé|recomendación|recomendacion|
        recomendaciones|mitigación|solución|recomendação|recomendações|raccomandazione|建议|
        修复建议|
        解决方案|修复方案|缓解措施|改进建议|推荐修复|建議|推奨|推奨事項|推奨対応|対策|修正案|
        推奨される対策|改善策|
        рекомендация|рекомендации|решение|исправление|меры|recommended remediation|
        recommended mitigations|
        short term|long term""",
    Field.FIX: """fix|suggested fix|recommended fix|proposed fix|patch|fixed code|corrected code|
        diff|code fix|
        secure code|recommended code|suggested code|example fix|mitigated code|updated code|
        korrektur|korrigierter code|vorgeschlagene korrektur|correction|correctif|code corrigé|
        corrección|código corregido|修复代码|修复|修复后的代码|修正コード|修正後のコード|修正例|
        修正|
        исправленный код|патч|remediated code|fixed version|example of a fix""",
    Field.OTHER: """status|state|reference|references|tools|tool|tool used|links|difficulty|notes|
        note|resources|
        effort|priority|found by|author|cvss|cvss score|update|team response|referenzen|références|
        referencias|参考|参考资料|状态|参考文献|ステータス|ссылки|статус|assumptions|
        preconditions|tags|
        test|tests|limitations|count|date""",
}
"""Labels as they are looked up: lower case, single blanks."""

_STRICT_LEVELS = frozenset(Field) - {Field.OTHER, Field.TITLE, Field.NUMBER}

_SEVERITY_WORDS: dict[Severity, str] = {
    Severity.CRITICAL: """critical|kritisch|kritische|critique|crítica|crítico|critica|critico|严重|
        致命|危急|
        嚴重|クリティカル|致命的|緊急|критическая|критический|критично|критическое|
        критическая уязвимость""",
    Severity.HIGH: """high|major|hoch|hohe|hoher|hohes|élevé|élevée|élevés|élevées|haut|haute|
        alta|alto|高|高危|
        高风险|高い|высокая|высокий|высокое|высокая критичность|elevé|elevee""",
    Severity.MEDIUM: """medium|moderate|med|mittel|mittlere|mittlerer|mittleres|moyen|moyenne|
        modéré|modérée|media|medio|
        média|médio|moderada|moderado|中|中等|中危|中风险|中程度|средняя|средний|среднее""",
    Severity.LOW: """low|minor|niedrig|niedrige|niedriger|gering|geringe|geringer|faible|bas|
        basse|baja|bajo|baixa|baixo|
        bassa|basso|低|低危|低风险|低い|низкая|низкий|низкое""",
    Severity.INFO: """informational|info|informative|information|note|non-critical|gas|
        gas optimization|
        gas optimizations|gas optimisation|gas optimisations|informativ|hinweis|informationnel|
        informationnelle|informatif|informativa|informativo|信息|提示|情報|информационная|
        информационный|
        информационно|qa|optimization|optimizations""",
}


def _table(words: str) -> list[str]:
    return [word.strip() for word in words.replace("\n", " ").split("|")]


_FIELD_OF = {word: field for field, words in _LABELS.items() for word in _table(words)}
SEVERITY_OF = {word: level for level, words in _SEVERITY_WORDS.items() for word in _table(words)}
LONGEST_LABEL = 48
_LEVELS = {
    Severity.CRITICAL: "high",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
}
_BY_LENGTH = sorted(SEVERITY_OF, key=len, reverse=True)
WORD = "(?:" + "|".join(re.escape(word) for word in _BY_LENGTH) + r")(?![^\W\d_\u3000-\u9fff])"
"""A pattern for any severity word; it ends at a word's end, and needs no flag but IGNORECASE."""

SEVERITY_LABEL = (
    r"(?:severity|risk|schweregrad|risiko|sévérité|gravité|criticité|severidad|gravedad|"
    r"severidade|gravidade|gravità|严重程度|严重性|风险等级|危险等级|深刻度|重大度|"
    r"серьезность|серьёзность|критичность)"
)
"""A pattern for the words that introduce a severity inside a line."""

_LEADING = re.compile(rf"[^\w\n]{{0,12}}({WORD})", re.IGNORECASE)
_SECOND = re.compile(
    rf"[\s*`\])]{{0,4}}(?:[/|,、／]|-|\u2013|to\b|or\b|and\b|bis\b|à\b|oder\b|ou\b|o\b)"
    rf"[\s*`\[(]{{0,4}}{WORD}",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"[\W_]{0,8}(?:none|n/?a|not applicable|no (?:severity|risk|issues?|impact)|keine?s?|aucune?|"
    r"ninguna?|nessun[ao]?|无|なし|нет)[\W_]{0,8}\Z",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")


@cache
def _known(label: str) -> Field | None:
    return _FIELD_OF.get(label)


def field_of(label: str) -> Field | None:
    """The field that a label names, None if it is no label; case and marks do not count."""
    if len(label) > LONGEST_LABEL:
        return None
    label = _SPACES.sub(" ", label.strip(" \t*_:：#`【】\u200b")).lower().replace("’", "'")
    found = _FIELD_OF.get(label)
    if found is None and label.endswith(")"):  # "Impact (High)" is a value, "Location(s)" a label
        found = _FIELD_OF.get(label.removesuffix("(s)").rstrip())
    return found


def severity_in(value: str) -> Severity | None:
    """The severity at the start of a label's value; None if it names none or offers a choice."""
    value = value[:160]
    found = _LEADING.match(value)
    if found is None or _SECOND.match(value, found.end()):
        return None
    return SEVERITY_OF[found[1].lower()]


def level_in(value: str) -> str:
    """An impact or likelihood at the start of a value: "high", "medium", "low" or ""."""
    value = value[:160]
    found = _LEADING.match(value)
    if found is None or _SECOND.match(value, found.end()):
        return ""
    # "Low-level calls fail" and "High gas costs" are prose, no level.
    rest = value[found.end() :]
    if not _VALUE_END.match(rest):
        return ""
    return _LEVELS.get(SEVERITY_OF[found[1].lower()], "")


_VALUE_END = re.compile(
    r"[*_`\])]{0,4}[ \t]{0,3}(?:\Z|[\n\r.,;:(（|/*<—–。，；：]|-[ \t]|"
    r"(?:impact|likelihood|risk|severity|probability)\b)",
    re.IGNORECASE,
)


def names_nothing(value: str) -> bool:
    """Whether a value says that there is none: "N/A", "none"."""
    return _NOTHING.match(value[:40]) is not None
