"""The words of the generated conversations: sentences with gaps, and what may stand in the gaps.

All of it is made up. A piece that is a tuple is a gap; one of its entries is put there.
"""

Piece = str | tuple[str, ...]
Sentence = tuple[Piece, ...]


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


NAMES = _words("""
    Hannah Marcus Ingrid Tomasz Yuki Priya Bastian Oluwaseun Maeve Rafael Sanna Dimitri Leila Quentin Abigail Kofi
    Noor Henrik Valentina Jonas Mirela Caspian Ottilie Ezra Svetlana Amara Willem Giulia Farid Beatrix Rowan Ximena
""")
KIN = _words("""
    sister brother mother father daughter son wife husband grandmother uncle aunt niece nephew cousin
""")
PLACES = _words("""
    Lisbon Gdańsk Kyoto Montréal Leipzig Oaxaca Galway Tromsø Valparaíso Ghent Nairobi Dunedin Trieste Aarhus
    Chennai Porto Tbilisi Bergen Halifax Granada
""")
MONTHS = _words("""
    January February March April May June July August September October November December
""")
HEALTH = (
    "asthma", "migraines", "type 2 diabetes", "a torn meniscus", "insomnia", "an underactive thyroid", "anxiety",
    "a peanut allergy", "high blood pressure", "psoriasis",
)  # fmt: skip
CUSTOMS = (
    "light the candles for Hanukkah", "bake stollen on the first of Advent", "fast during Ramadan",
    "float lanterns at Loy Krathong", "carve turnips at Samhain", "have a long Shabbat dinner",
    "dance around the pole at Midsummer", "eat twelve grapes on New Year's Eve",
)  # fmt: skip
FEELINGS = _words("""
    exhausted relieved proud anxious hopeful lonely grateful furious overwhelmed calm curious ashamed
""")
THINGS = _words("""
    spreadsheet garden sourdough bicycle thesis kitchen budget violin database newsletter allotment podcast wardrobe
    contract insurance telescope greenhouse portfolio dissertation router manuscript playlist aquarium landlord tax
    commute rehearsal workshop interview schedule recipe sketchbook marathon choir basement fermentation dashboard
    pipeline kernel schema migration deployment invoice compiler regression container cache certificate index query
    parser queue snapshot threshold gradient embedding sampler notebook chapter stanza protagonist dialogue outline
""")
QUALITIES = _words("""
    stubborn fragile elegant temporary reliable expensive obvious subtle recurring seasonal portable redundant
    uneven generous ambitious leftover handwritten parallel incremental brittle transparent noisy sparse verbose
    idempotent asynchronous crooked luminous damp unfinished borrowed inherited provisional rustic overdue
""")
DOINGS = _words("""
    rewriting sorting planting repairing measuring translating pruning rehearsing sketching refactoring benchmarking
    negotiating budgeting proofreading labelling archiving soldering knitting debugging simplifying postponing
    comparing documenting calibrating
""")

LIFE: tuple[Sentence, ...] = (
    ("My ", KIN, " ", NAMES, " moved to ", PLACES, " in ", MONTHS, ", and I still haven't told her that. "),
    ("My ", KIN, " ", NAMES, " died last ", MONTHS, " and I feel ", FEELINGS, " about the funeral. "),
    ("I was diagnosed with ", HEALTH, " in ", MONTHS, ", so I take my medication every morning now. "),
    ("We got married in ", PLACES, " and ", NAMES, " gave the speech. "),
    ("Every year my family and I ", CUSTOMS, ", it is our oldest tradition. "),
    ("I quit my job in ", PLACES, " and I am ", FEELINGS, " and ", FEELINGS, " at once. "),
    ("My best friend ", NAMES, " is pregnant, she told me in ", PLACES, " yesterday. "),
    ("I finally graduated, and my ", KIN, " ", NAMES, " flew in from ", PLACES, ". "),
)
"""What a person tells of their life: few messages hold one of these."""

ASKING: tuple[Sentence, ...] = (
    ("Can you help me with ", DOINGS, " the ", QUALITIES, " ", THINGS, "? "),
    ("I have been ", DOINGS, " my ", THINGS, " since ", MONTHS, " and it still feels ", QUALITIES, ". "),
    ("What would you change about a ", QUALITIES, " ", THINGS, " when the ", THINGS, " is already ", QUALITIES, "? "),
    (NAMES, " says that ", DOINGS, " a ", THINGS, " first is the wrong order. "),
    ("Please keep it short, I am ", FEELINGS, " and the ", THINGS, " is due on the 14th. "),
    ("Is there a difference between a ", QUALITIES, " ", THINGS, " and a ", QUALITIES, " one? "),
    ("I don't want to start ", DOINGS, " before ", NAMES, " has seen the ", THINGS, ". "),
    ("We talked about the ", THINGS, " in ", PLACES, ", remember? "),
    ("Here is what I have so far: the ", THINGS, ", the ", THINGS, " and the ", QUALITIES, " ", THINGS, ". "),
)

ANSWERING: tuple[Sentence, ...] = (
    ("A ", QUALITIES, " ", THINGS, " usually means that ", DOINGS, " comes before ", DOINGS, ". "),
    ("Start with the ", THINGS, ", then look at the ", QUALITIES, " ", THINGS, " underneath. "),
    ("That sounds ", QUALITIES, ", and it makes sense that you feel ", FEELINGS, ". "),
    ("**", DOINGS, "** the ", THINGS, " keeps the ", THINGS, " from becoming ", QUALITIES, ". "),
    ("If ", NAMES, " prefers a ", QUALITIES, " ", THINGS, ", you could suggest ", DOINGS, " it in two steps. "),
    ("There are three options here, and none of them is ", QUALITIES, " in the long run. "),
    ("In practice the ", THINGS, " is more ", QUALITIES, " than the ", THINGS, ", so measure before ", DOINGS, " it. "),
    ("You mentioned ", PLACES, " earlier; the same ", THINGS, " applies there. "),
    ("It isn't the ", THINGS, " that is ", QUALITIES, ": it's the way it is wired to the ", THINGS, ". "),
    ("Would it help to write down what the ", THINGS, " should do when the ", THINGS, " fails? "),
)

CODE = (
    "rows = [row for row in table if row.weight > limit]\n",
    "def total(items: list[float]) -> float:\n    return sum(item * 1.19 for item in items)\n",
    "with connection.cursor() as cursor:\n    cursor.execute('SELECT id, title FROM entries WHERE done = 0')\n",
    'for name, values in sorted(groups.items()):\n    print(f"{name:<20} {max(values):>8.2f}")\n',
    "if (!response.ok) { throw new Error(`HTTP ${response.status}`); }\n",
    "git rebase --onto main feature~3 feature\n",
    "    assert mean([1, 2, 3]) == 2  # the smallest case\n",
)

OTHER_LANGUAGES: tuple[tuple[Sentence, ...], ...] = (
    (
        ("Kannst du mir mit ", ("dem Garten", "der Küche", "dem Vertrag", "der Bewerbung", "dem Fahrrad"), " helfen? "),
        ("Meine Schwester ", NAMES, " ist im ", ("Mai", "Juni", "Oktober", "März"), " nach ", PLACES, " gezogen. "),
        ("Ich bin ", ("müde", "erleichtert", "stolz", "überfordert"), ", aber es geht langsam voran. "),
        ("Das hängt davon ab, wie groß die ", ("Prüfung", "Überraschung", "Lücke", "Änderung"), " sein soll. "),
    ),
    (
        ("¿Me ayudas a ", ("ordenar", "traducir", "arreglar", "resumir"), " la ", ("carta", "cocina", "canción"), "? "),
        ("Mi abuela ", NAMES, " cumple noventa años en ", PLACES, ". "),
        ("Podríamos empezar mañana por lo más ", ("difícil", "rápido", "útil", "pequeño"), ". "),
    ),
    (
        ("Peux-tu ", ("réécrire", "résumer", "vérifier", "améliorer"), " cette ", ("lettre", "étape", "idée"), " ? "),
        ("Hier j'ai dîné avec ", NAMES, " à ", PLACES, ", c'était très agréable. "),
        ("Il vaut mieux procéder étape par étape, même si c'est un peu plus ", ("lent", "coûteux", "délicat"), ". "),
    ),
    (
        (("今日", "昨日", "先週"), "、", ("母", "友達", "姉"), "と", ("京都", "大阪", "札幌"), "へ行きました。"),
        ("この", ("文章", "計画", "料理", "曲"), "を", ("直して", "短くして", "訳して"), "ください。"),
        ("まず", ("全体", "目的", "順番"), "を決めてから、細かいところを見ていきましょう。"),
    ),
    (
        ("Помоги мне, пожалуйста, ", ("исправить", "перевести", "сократить"), " это ", ("письмо", "введение"), ". "),
        ("Мы с ", ("мамой", "братом", "подругой"), " ездили в ", ("Тбилиси", "Казань", "Гданьск"), " прошлой весной. "),
        ("Лучше начать с самого ", ("простого", "важного", "длинного"), " и не торопиться. "),
    ),
)  # fmt: skip

TITLES: tuple[Sentence, ...] = (
    (DOINGS, " the ", THINGS),
    ("A ", QUALITIES, " ", THINGS),
    (NAMES, " and the ", THINGS),
    ("Trip to ", PLACES),
    (THINGS, " vs. ", THINGS, "?"),
)
EMOJI = ("🙂", "🌱", "🎻", "🤔", "✨")
MODELS = ("gpt-4", "gpt-4o", "gpt-4-1", "o3", "gpt-5")
