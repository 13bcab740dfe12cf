"""What the headings of a report stand for when they are no finding."""

from __future__ import annotations

import enum
import re

_LONGEST_CHAPTER = 60


class Chapter(enum.Enum):
    """The part of a report that a heading opens."""

    TITLE = "title"  # of the whole report
    LISTING = "listing"  # findings follow
    APART = "apart"  # summaries, conclusions: a finding in it is told a second time
    SCALE = "scale"  # what severities mean, scope, disclaimers: nothing in it is a finding
    UNKNOWN = "unknown"


_APART = re.compile(
    r"(?:the |a |an |final |overall |general |key |security |audit |brief |short |project |"
    r"contract |"
    r"code |system |protocol |additional |further |other )*"
    r"(?:executive summary|summary|overview|introduction|conclusions?|disclaimer|scope|methodology|"
    r"approach|table of contents|contents|about|background|appendix|recommendations?|next steps|"
    r"(?:final|closing|concluding) (?:thoughts|remarks|notes?|words)|assessment|"
    r"risk (?:classification|"
    r"matrix|summary|assessment|rating)|severity (?:definitions?|classification|levels?|breakdown|"
    r"distribution|criteria)|legend|files|notes?|remarks|positive (?:observations?|findings?|"
    r"aspects?|"
    r"notes?)|good practices|strengths|architecture|testing|tests|checklist|references|statistics|"
    r"limitations|verdict|observations and recommendations|best practices|what (?:was|i) checked|"
    r"suggested improvements|improvements|todo|action items|priorit\w+|remediation (?:plan|"
    r"summary)|"
    r"fix priority|trust assumptions|roles|metadata|deployment|compilation|invariants|"
    r"findings (?:summary|overview|table)|summary of (?:findings|issues|vulnerabilities|results)|"
    r"(?:issues?|vulnerabilit\w+|results?) (?:summary|overview|table)|list of findings|changelog|"
    r"zusammenfassung|fazit|einleitung|überblick|übersicht|haftungsausschluss|(?:allgemeine )?"
    r"empfehlungen|hinweise|schlussfolgerung|umfang|methodik|"
    r"résumé(?: exécutif)?|synthèse|avertissement|recommandations(?: générales)?|périmètre|aperçu|"
    r"présentation|vue d'ensemble|"
    r"resumen(?: ejecutivo)?|conclusión|conclusiones|introducción|recomendaciones(?: generales)?|"
    r"alcance|aviso legal|visión general|resumo|conclusão|recomendações|riepilogo|conclusioni|"
    r"sommario|"
    r"总结|结论|概述|摘要|免责声明|(?:总体)?建议|概览|审计范围|审计总结|简介|总体评价|"
    r"まとめ|結論|概要|総評|免責事項|はじめに|総括|サマリー|範囲|"
    r"заключение|выводы?|итоги?|введение|обзор|резюме|общие рекомендации|рекомендации|"
    r"краткое содержание|отказ от ответственности)"
    r"(?=[\W\d_]*\Z|[ \t]*[:：&/(,–—-]|[ \t]+(?:of|and|for|on|und|et|y|der|des|de|für|by)\b)",
    re.IGNORECASE,
)
_SCALE = re.compile(
    r"(?:(?:the|our|audit|vulnerability|finding|issue) )?"
    r"(?:severity|risk|impact|likelihood|rating)s?(?: and \w+)?[ -]"
    r"(?:classification|definitions?|levels?|"
    r"criteria|scale|matrix|breakdown|distribution|ratings?|categories|guide|explanation)|"
    r"(?:classification|definitions?|explanation) of (?:severit|risk|finding|issue)|legend|"
    r"methodology|scope|disclaimer|appendix|schweregrade|risikoklassen|haftungsausschluss|"
    r"avertissement|niveaux de (?:gravité|sévérité|risque)|niveles de (?:severidad|riesgo)|"
    r"aviso legal|免责声明|风险等级说明|严重程度定义|免責事項|отказ от ответственности",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"(?:[^\W\d]+[ \t]){0,4}(?:findings|vulnerabilit(?:y|ies)|issues|problems|bugs|results|"
    r"weaknesses|"
    r"risks|(?:security |vulnerability |code )?(?:analysis|review)|faults|concerns|flaws|"
    r"observations|"
    r"befunde|schwachstellen|feststellungen|probleme|ergebnisse|vulnérabilités|constatations|"
    r"problèmes|"
    r"constats|failles|hallazgos|vulnerabilidades|problemas|achados|vulnerabilità|"
    r"уязвимости|находки|проблемы|результаты|замечания)"
    r"(?:[ \t](?:found|identified|detected|discovered|details?|list|report|detected by \w+|"
    r"gefunden|"
    r"trouvées|identifiées|encontradas|encontrados|détectées|(?:in|of|im|dans|"
    r"en) .{1,40}))?[ \t:.]{0,3}\Z|"
    r"(?:发现|漏洞|问题|审计结果|漏洞列表|发现的问题|漏洞分析|详细发现|漏洞详情|安全问题|"
    r"検出結果|脆弱性|指摘事項|"
    r"発見事項|検出された脆弱性|検出された問題)[:：]?\Z",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:.{0,80}[ \t])?(?:audit|report|auditbericht|prüfbericht|sicherheitsbericht|"
    r"sicherheitsanalyse|"
    r"rapport|auditoría|informe|auditoria|relatório|audit-report|审计报告|отч[её]т)(?!\w)"
    r"|.{0,40}(?:审计报告|监査レポート|監査報告|レポート|аудит)",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:no|not any|without any|zero)[ \t]+(?:\w+[ \t]+){0,4}(?:issues?|vulnerabilit\w+|"
    r"problems?|faults?|"
    r"flaws?|findings?|bugs?|concerns?|weakness\w*)\b|"
    r"\bnot (?:vulnerable|exploitable|affected|susceptible|applicable|an issue|at risk)\b|"
    r"\b(?:is|are|looks?|appears?|seems?)(?: to be)? (?:\w+ )?(?:safe|secure|correct|fine|sound|"
    r"protected)\b|"
    r"\bkeine? (?:\w+ )?(?:schwachstellen?|probleme?|fehler|befunde?|mängel)\b|"
    r"\baucune? (?:\w+ )?(?:vulnérabilité|problème|faille|faute)|"
    r"\bno se (?:han )?(?:encontr|detect|identific)|"
    r"(?:未发现|没有发现|无漏洞|见つかりません|ありません|検出されませんでした)|"
    r"\b\u043d\u0435 (?:обнаружен|найден|выявлен)|"
    r"\bnone (?:found|identified|detected)\b",
    re.IGNORECASE,
)
_EMPTY_TITLE = re.compile(
    r"(?:\W{0,3}severity\W{1,4})?\W{0,2}(?:none|n/?a|nothing|"
    r"no[ \t]+(?:\w+[ \t]+){0,3}(?:issues?|vulnerabilit\w+|findings?|faults?|problems?|"
    r"bugs?)|keine?|aucune?|ninguna?|无|なし|нет|"
    r"short title|title|finding title|your title|issue title|vulnerability title|name|"
    r"titel|\.{2,}|…|-+)(?:[ \t](?:were[ \t]|was[ \t])?(?:found|identified|detected|reported|"
    r"gefunden))?"
    r"[\W_]*\Z",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:in (?:conclusion|summary|short)\b|overall\b[, ]|to (?:summari[sz]e|sum up|conclude)\b|"
    r"please (?:note|let me|remember|be aware)|note that this|let me know|i hope|would you like|"
    r"these (?:are|findings|issues|vulnerabilities|recommendations)\b|disclaimer\b|"
    r"conclusions?[ \t]?[:.]|this (?:audit|report|analysis|review) (?:is|was|does|has|should|"
    r"covers)|"
    r"by (?:addressing|following|implementing|fixing) th|it(?: is|'s) (?:important|"
    r"recommended) to (?:note|"
    r"have)|if you (?:have|need|want|would)|feel free|remember that|as an ai\b|to (?:fix|"
    r"address|mitigate) "
    r"(?:these|all)|(?:general |overall )?recommendations?[ \t]?:[ \t]*\Z|hope this|"
    r"end of (?:report|audit)|"
    r"zusammenfassend|insgesamt\b|fazit\b|en résumé|en conclusion|pour conclure|en resumen|"
    r"en conclusión|"
    r"总之|综上|总结[：:]|以上(?:是|就是)|以上|まとめ|総じて|в заключение|в целом|таким образом|"
    r"итого)",
    re.IGNORECASE,
)
_INTRODUCING = re.compile(
    r"(?:vulnerabilit|issues?\b|findings?\b|problems?\b|bugs?\b|weakness|flaws?\b|concerns?\b|"
    r"faults?\b|"
    r"schwachstelle|probleme|befunde|vulnérabilité|problèmes|failles|hallazgos|problemas|漏洞|"
    r"问题|脆弱性|"
    r"問題|уязвимост|проблем)",
    re.IGNORECASE,
)
_NOT_INTRODUCING = re.compile(
    r"(?:fix|recommend|mitigat|address|remediat|steps|empf|behe|corrig|recomend|建议|修复|対策|"
    r"рекоменд|исправ)",
    re.IGNORECASE,
)
_LONGEST = 200


def chapter_of(heading: str) -> Chapter:
    """What a heading without number opens."""
    heading = heading[:_LONGEST].strip(" \t*_:：`")
    if _SCALE.match(heading) and len(heading) < _LONGEST_CHAPTER:
        return Chapter.SCALE
    if _APART.match(heading) and len(heading) < _LONGEST_CHAPTER:
        return Chapter.APART
    if _LISTING.match(heading):
        return Chapter.LISTING
    if _TITLE.match(heading):
        return Chapter.TITLE
    return Chapter.UNKNOWN


def says_no_fault(text: str) -> bool:
    """Whether the beginning of a section says that there is no fault."""
    return _NEGATED.search(text[:400]) is not None


def is_no_title(title: str) -> bool:
    """Whether a title says nothing: "None found", or a form's place that was not filled."""
    return not title or _EMPTY_TITLE.match(title[:80]) is not None


def is_closing(line: str) -> bool:
    """Whether a paragraph that begins like this ends the last finding."""
    return _CLOSING.match(line[:80].lstrip(" \t*_>#")) is not None


def is_scale(line: str) -> bool:
    """Whether a line ends with a colon and announces what severities mean."""
    line = line.strip(" \t*_")
    return line.endswith((":", "：")) and len(line) < _LONGEST_CHAPTER and bool(_SCALE.match(line))


def is_introducing(line: str) -> bool:
    """Whether a line ends with a colon and announces a list of faults."""
    line = line.strip(" \t*_")
    if not line.endswith((":", "：")) or len(line) > _LONGEST:
        return False
    return bool(_INTRODUCING.search(line)) and not _NOT_INTRODUCING.search(line)
