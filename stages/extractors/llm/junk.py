"""Recognises what is no memory: a "none" in whatever spelling, a refusal, a template, text that is an instruction."""

import re
import unicodedata

_FRINGE = " \t\r\n*_`'\"“”‘’«»()[]{}<>.,;:!?…-–—#|~"

_NONE = re.compile(
    r"(?:none|null|nil|no|nope|nothing|empty|n\W?a|not applicable|undefined"
    r"|(?:there (?:is|are|was|were) )?(?:no|not any|nothing)(?: \w+){0,2} (?:memor(?:y|ies)|moments?|events?|bullets?"
    r"|entries|highlights)(?: \w+){0,6}"
    r"|nothing (?:worth|to|of|significant|memorable|stood|here|in)\b[^.]{0,60}"
    r"|nichts|keine?s?|leer|(?:es gibt )?keine?(?: \w+){0,2} (?:erinnerung(?:en)?|momente?|ereignisse?)(?: \w+){0,6}"
    r"|rien|aucune?(?: \w+){0,6}|néant|nada|ningun[oa]?(?: \w+){0,6}|ningún(?: \w+){0,6}|nenhuma?(?: \w+){0,6}"
    r"|nulla|niente|nessun[oa]?(?: \w+){0,6}|geen(?: \w+){0,6}|niets|inget|ingen(?: \w+){0,3}|brak|nic|žádn[áéý]"
    r"|нет|ничего|никаких(?: \w+){0,4}|немає|нічого|yok|hiçbiri|hiç"
    r"|无|無|没有|沒有|没有.{0,12}(?:记忆|回忆)|なし|無し|ありません|特になし|該当なし|없음|없습니다|해당 없음)"
)
_NONE_LIMIT = 120
"""Characters; what is longer says more than that."""
_NONE_AT_FIRST = re.compile(r"\W{0,6}(?:none|null|n/a)\b\W{0,4}(?:[:;.,()\u2013\u2014-]|\n|\Z)", re.IGNORECASE)

_REFUSES = re.compile(
    r"\bi (?:can(?:no|')t|can not|am not (?:able|allowed)|won't|must decline)(?: \w+){0,3} (?:help|assist|comply|writ"
    r"|creat|generat|provid|continu|fulfil|summari|process|engage|discuss|produc|extract|analy[sz]e|complete)"
    r"|\bi(?:'m unable| am unable|'m not able| am not able) to\b"
    r"|\bas an? (?:ai|artificial intelligence)(?: language)?(?: model| assistant)?\b[^.]{0,60}\b(?:can|unable|not)"
    r"|\b(?:against|violates?) (?:my|our|the)(?: \w+){0,2} (?:guidelines|polic(?:y|ies))"
    r"|\bich kann (?:dabei |dir |ihnen |das |diese[nrms]? |hierbei |leider |mit )(?:\w+ ){0,6}nicht"
    r"|\bals (?:ki|sprachmodell)\b[^.]{0,60}\bnicht"
    r"|\bje ne (?:peux|suis) pas (?:\w+ ){0,4}(?:aider|écrire|créer|générer|fournir|continuer|répondre|en mesure)"
    r"|\bno puedo (?:\w+ ){0,3}(?:ayudar|escribir|crear|generar|proporcionar|continuar|cumplir|ayudarte)"
    r"|\bnão posso (?:\w+ ){0,3}(?:ajudar|escrever|criar|gerar|fornecer|continuar|ajudá-lo)"
    r"|\bnon posso (?:\w+ ){0,3}(?:aiutar|scriver|crear|generar|fornir|continuar)"
    r"|\bя не могу (?:\w+ ){0,3}(?:помочь|выполнить|написать|создать|обсуждать|продолжить)"
    r"|无法(?:提供|协助|帮助|完成|满足|生成|处理)|不能(?:提供|协助|帮助你|完成)|お(?:手伝い|応え|答え)(?:でき|する(?:こと)?が?できま)"
    r"|(?:도와드릴|제공할|작성할) 수 없"
)
_APOLOGY = re.compile(
    r"\W*(?:(?:i'm|i am|we're|we are|so) (?:very |really |so )?sorry|sorry\b|apolog|my apologies|i apologi[sz]e"
    r"|(?:es )?tut mir (?:sehr )?leid|entschuldig|verzeih|désolée?|je suis (?:vraiment )?désolée?|pardon|lo siento"
    r"|perdón|desculp|sinto muito|mi dispiace|scusa|het spijt me|tyvärr|przykro mi|przepraszam|извин|к сожалению"
    r"|prosti|простите|üzgünüm|抱歉|对不起|對不起|很遗憾|申し訳|すみません|ごめんなさい|죄송)"
)
_SHORT = 280
"""Characters of an apology that is nothing else."""
_OPENING = 240
"""A refusal says so at its beginning."""

_TEMPLATE = re.compile(
    r"\{\{[^{}\n]{0,60}\}\}|\blorem ipsum\b|\bYYYY\b|\[(?:insert|your|name|date|title|person|user)\b[^\]\n]{0,40}\]"
    r"|<(?:title|date|name|prose|memory|placeholder)>|\A\W{0,9}(?:title|prose|evidence|…)\W{0,9}\Z",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """`text` in one form: NFKC, casefolded, straight apostrophes, single blanks, no marks at its ends."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(folded.split()).strip(_FRINGE)


def is_none(text: str) -> bool:
    """Whether `text` says that there is nothing, and nothing else."""
    said = plain(text)
    if not said:
        # Brackets that are not closed are the beginning of something.
        return text.count("[") == text.count("]") and text.count("{") == text.count("}")
    return len(said) <= _NONE_LIMIT and _NONE.fullmatch(said) is not None


def begins_with_none(text: str) -> bool:
    """Whether a whole answer is "none", though it may go on to say why."""
    return is_none(text) or _NONE_AT_FIRST.match(text) is not None


def is_refusal(text: str, person: str) -> bool:
    """Whether `text` declines to be written, or is a short apology; one that tells of `person` may well be a memory."""
    said = plain(text)
    name = plain(person)
    is_named = bool(name) and name in said
    apologises = _APOLOGY.match(said) is not None
    if _REFUSES.search(said[:_OPENING]) and (apologises or not is_named):
        return len(said) <= 2 * _SHORT
    return apologises and not is_named and len(said) <= _SHORT


def is_template(text: str) -> bool:
    """Whether `text` still holds a place somebody meant to fill."""
    return _TEMPLATE.search(text) is not None
