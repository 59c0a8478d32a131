"""The words by which a statement is weighed: English first, German second, a few of other languages.

All entries are casefolded, with a straight apostrophe; an entry of two or three words is matched as it stands.
"""


def words(listed: str) -> frozenset[str]:
    """The words of a list that is written as running text."""
    return frozenset(listed.split())


_FUNCTION_WORDS_EN = """
a about above after again all also am an and any are aren't as at be because been before being below between both but
by can can't could couldn't did didn't do does doesn't doing don't down during each even ever few for from further get
gets getting go goes going gonna got had hadn't has hasn't have haven't having he her here hers herself him himself
his how i i'd i'll i'm i've if im in into is isn't it it's its itself ive just kind know let let's like lot made make
many may maybe me might mine more most much must my myself never no nor not now of off oh ok okay on once one only or
other our ours out over own please quite rather really said same say says she should shouldn't so some something still
such sure than that that's the their theirs them themselves then there there's these they thing things think this
those though through to too under until up us user users assistant very want was wasn't we we'd we'll we're we've well
were weren't what what's when where which while who whom why will with won't would wouldn't yeah yes yet you you'd
you'll you're you've your yours yourself
"""

_FUNCTION_WORDS_DE = """
ab aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da dabei damit dann das dass
dein deine dem den denn der des dich dir doch du durch ein eine einem einen einer eines er es etwas euch für gegen
gerade ganz habe haben hab hat hatte hatten hier hin ich ihm ihn ihnen ihr ihre im in ist ja jetzt kann kannst kein
keine können mal man mehr mein meine meinem meinen meiner mich mir mit muss nach nicht nichts noch nun nur ob oder
ohne schon sehr sein seine sich sie sind so über um und uns unser unsere unter vom von vor war waren was weil wenn wer
werden wie wieder will wir wird wo wurde zu zum zur
"""

_FUNCTION_WORDS_OTHER = """
al au aux avec ce ces cette che con da dans de del della des di du e el ella en est et eu il je jai j'ai la las le les
lo los ma mais mes mi mon más moi não nous o ou para par pas per por pour qu que qui se ser ses sin sont sa su sur
también te tu um una une un uno uma vous y ya een het ik van voor niet maar ook dat deze mijn
"""

FUNCTION_WORDS = words(f"{_FUNCTION_WORDS_EN} {_FUNCTION_WORDS_DE} {_FUNCTION_WORDS_OTHER}")
"""Words that say nothing about what a sentence is about."""

FIRST_PERSON = words("""
    i i'm i've i'd i'll im ive my me mine myself we we're we've we'd we'll our ours us ich mein meine meinem meinen
    meiner meines mir mich wir uns unser unsere unserem unseren unserer je j'ai jai mon ma mes moi nous notre nos yo
    mi mis nosotros nuestra nuestro io mio mia miei eu meu minha ik mijn
    """)
"""Words by which somebody speaks of himself."""

KIN_BY_NAME = words("mom mum mommy mama dad daddy papa grandma grandpa granny oma opa maman mami papi")
"""What the next of kin are called without a `my`."""

_STRONG_WORDS = words("""
    died dying funeral widowed miscarriage stillborn cremated wedding married fiancé fiancée fiance fiancee engaged
    eloped divorce divorced divorcing pregnant pregnancy diagnosed diagnosis cancer tumor tumour chemo leukemia
    surgery hospitalized hospitalised stroke overdose relapsed sober suicide suicidal assaulted abused abusive evicted
    bankrupt homeless graduated graduation promoted promotion retired unemployed orphaned newborn adopted adoption
    refugee emigrated immigrated deployed arrested ambulance operated coeliac celiac diabetes epilepsy transplant

    gestorben verstorben beerdigung begräbnis fehlgeburt hochzeit geheiratet verheiratet verlobt verlobung scheidung
    geschieden schwanger schwangerschaft geboren diagnose diagnostiziert krebs tumor operation operiert schlaganfall
    unfall suizid abschluss abitur befördert beförderung gekündigt kündigung arbeitslos umgezogen getrennt adoptiert

    décédé décédée enterrement mariage mariée née nacido fiancés enceinte naissance accouchement divorcé diagnostiqué
    licencié licenciée diplôme déménagé murió falleció funeral boda casé casamos embarazada nació divorcio
    diagnosticaron cáncer gradué mudé despidieron morto morta matrimonio sposato sposata incinta divorzio laurea
    morreu casamento grávida nasceu divórcio formatura
    """)
_STRONG_PHRASES = frozenset({
    "passed away", "got engaged", "got married", "getting married", "said yes", "gave birth", "was born", "is born",
    "broke up", "breaking up", "split up", "laid off", "got fired", "was fired", "lost the baby", "lost our baby",
    "lost my baby", "lost my job", "lost his job", "lost her job", "new job", "got the job", "dream job", "got hired",
    "quit my", "quit drinking", "got accepted", "was accepted", "moved in", "moved out", "moved to", "moved into",
    "moving to", "moving in", "came out to", "coming out", "got published", "published my", "first date", "fell in",
    "in love", "car accident", "car crash", "heart attack", "put to sleep", "had to bury", "my degree", "my thesis",
    "bar exam", "first day", "last day", "first steps", "first words", "panic attack", "therapy session",
    "signed the lease", "bought a house", "ran away", "passed my", "failed my", "is expecting", "are expecting",
    "i am leaving", "i'm leaving", "have decided", "i decided", "we decided", "i passed", "passed the exam",
    "we passed",
    "said goodbye", "said good-bye", "say goodbye", "broke her", "broke his", "i broke", "forgive you", "forgave me",
    "told anyone", "told anybody", "told nobody", "i promised", "promised me", "signed the", "they want me",
    "they offered", "offered me", "moves to", "i move to", "we move to",
    "proposed to", "he proposed", "she proposed", "neuer job", "neuen job", "neue stelle", "neue arbeit",
    "schluss gemacht", "hat bestanden", "prüfung bestanden", "meine prüfung", "nach hause gekommen",
    "zusammen gezogen", "ziehe nach", "ziehen nach", "umzug nach", "nouveau travail", "nuevo trabajo", "nuevo empleo",
    "nuovo lavoro", "novo emprego",
})  # fmt: skip

STRONG_EVENTS = _STRONG_WORDS | _STRONG_PHRASES
"""What happens few times in a life."""

PHRASE_HEADS = frozenset(phrase.split(maxsplit=1)[0] for phrase in _STRONG_PHRASES)
"""The words with which the entries of several words begin."""

EVENTS = words("""
    hospital custody retirement autism adhd dementia alzheimer's hospitalised krankenhaus rente hôpital ospedale
    accident accepted admitted anniversary announced apologized apologised argued argument award bedtime birthday
    bought called cancelled celebrated ceremony childhood christmas church concert confessed crashed dated date
    daughter decided dream dreamed dreamt escaped exam exams failed family fell fight finished flew forgave forgot
    fought friend friends goodbye grandma grandfather grandmother grandpa grew helped holiday holidays hugged
    interview invited job joined kissed learned left lost marathon met missed mother mom mum dad father sister brother
    son wife husband boyfriend girlfriend partner moved moving painted parents planted pneumonia prayed proposed
    published puppy kitten quit raised realized realised rejected remembered reunion ritual school sick sold started
    stopped studied therapist therapy tradition travel traveled travelled trip turned vacation visited visit
    volunteered won worked wrote baby kids child children cat dog university college apartment house home garden
    medication migraine asthma allergic broken birth loss grief

    geburtstag gekauft getroffen gefeiert gefunden gestritten gewonnen gezogen familie freund freundin freunde mutter
    vater mama papa schwester bruder tochter sohn frau mann oma opa kind kinder urlaub reise besucht besuch prüfung
    bestanden bewerbung vorstellungsgespräch angefangen aufgehört verloren verliebt umzug wohnung haus hund katze
    krank therapie weihnachten ostern traum studium schule arbeit

    mère père soeur sœur frère fille fils mari femme ami amie anniversaire vacances voyage examen madre padre hermana
    hermano hija hijo esposa esposo marido amigo amiga cumpleaños viaje abuela abuelo perro gato mãe pai irmã irmão
    filha filho sorella fratello figlia figlio compleanno viaggio nonna nonno
    """)
"""What happens in a life, and whom it happens to."""

EMOTIONS = words("""
    afraid alone amazing angry anxious anxiety ashamed beautiful best blessed broken calm comforted confused cried
    crying depressed depression desperate devastated disappointed embarrassed empty excited exhausted fear frightened
    frustrated furious glad grateful grieving guilty happy happiest happier hate heartbroken helpless hope hopeful
    hopeless hurt jealous joy laughed lonely love loved miss nervous numb overjoyed overwhelmed pain panic peaceful
    perfect proud regret relief relieved sad scared shaking shocked smiled sorry stressed surprised tears terrible
    terrified thankful thrilled tired trust unhappy upset wonderful worried worst

    angst aufgeregt dankbar einsam enttäuscht erleichtert erschöpft froh geweint glücklich hasse hoffe hoffnung liebe
    nervös stolz traurig tränen überfordert vermisse verletzt verzweifelt wütend schön schlimm müde

    heureux heureuse triste peur fier fière feliz miedo orgulloso orgullosa llorando amor felice paura orgoglioso
    saudade
    """)
"""How it felt."""

WHEN = words("""
    today yesterday tonight tomorrow morning evening finally ago week weekend month year years monday tuesday
    wednesday thursday friday saturday sunday january february march april june july august september october november
    december spring summer autumn winter night

    heute gestern morgen abend endlich woche wochenende monat jahr jahre jahren montag dienstag mittwoch donnerstag
    freitag samstag sonntag januar februar märz mai juni juli oktober dezember frühling sommer herbst nacht

    aujourd'hui hier demain hoy ayer mañana oggi ieri domani hoje ontem amanhã
    """)
"""Words that place an event in time."""

TECHNICAL = words("""
    api app array backend battery bios boolean browser bug button cache class cli cluster code coding column commit
    compile compiler config container cpu css csv database debug deploy desktop dll docker driver endpoint error excel
    exception file files formula frontend function git github gpu html http ide import install installed java
    javascript json kernel keyboard laptop library linux localhost loop macos method module mysql node npm null object
    output package parameter parse phone php pip plugin postgres process pull python query regex repo repository rest
    router runtime rust schema screen script sdk server shader spreadsheet sql stack string syntax table terminal test
    tests thread token typescript ubuntu unit update url usb usermodel variable version vm webpack wifi windows xml
    yaml

    datei dateien fehler funktion methode schleife spalte tabelle variable zelle
    """)
"""Words of work on machines: there `died`, `moved` and `child` mean something else."""

INVENTED = words("""
    boss campaign chapter character characters dnd episode fanfic fiction fictional film game gameplay hero level
    movie npc player plot protagonist quest roleplay scene screenplay script season series spell story villain
    geschichte roman figur spiel drehbuch gedicht
    """)
"""Words of stories and games: what happens there happens to nobody."""

HYPOTHETICAL = words("""
    if would could should might imagine suppose pretend hypothetically wish whether unless wäre hätte würde könnte
    sollte falls angenommen
    """)

FIRM_REQUESTS = words("""
    act convert correct draft edit generate imagine paraphrase pretend proofread reformat rephrase rewrite roleplay
    shorten summarise summarize translate write erstelle fasse formuliere korrigiere schreib schreibe übersetze
    """)
"""A message that begins with one of these hands over a text to work on, or asks for an invented one."""

REQUESTS = FIRM_REQUESTS | words("""
    add analyse analyze calculate compare create define describe design draw expand explain find fix format give
    improve list make plan provide recommend respond show simplify solve suggest erkläre gib mach nenne verbessere
    zeig
    """)
"""A message that begins with one of these asks for something, and what it holds may be material."""

ELIDED = words("""
    been bought broke came failed feeling finally finished found got had just lost met moved passed quit sold started
    went woke
    """)
"""A sentence that begins with one of these left out its `I`."""

POLITE = words("please hey hi hello so ok okay now also and then just bitte hallo could can you kannst du")
"""Words before a request that do not change what it is."""

CJK_FIRST_PERSON = ("私", "僕", "俺", "わたし", "うち", "我", "나는", "내가", "나의", "저는", "제가", "우리")

CJK_EVENTS = (
    "結婚", "离婚", "離婚", "婚約", "亡くな", "葬", "去世", "过世", "過世", "入院", "住院", "手術", "手术", "診断",
    "诊断", "妊娠", "怀孕", "懷孕", "生まれ", "出生", "引っ越", "搬到", "搬家", "転職", "就職", "内定", "辞め",
    "辞职", "辭職", "退職", "合格", "考上", "卒業", "毕业", "畢業", "別れ", "分手", "结婚", "事故", "癌", "がん",
    "결혼", "이혼", "돌아가셨", "졸업", "합격", "임신", "이사", "입원", "수술", "태어", "퇴사", "취직", "헤어",
)  # fmt: skip

CJK_FEELINGS = (
    "嬉し", "悲し", "寂し", "怖", "泣", "幸せ", "好き", "不安", "辛", "高兴", "高興", "难过", "難過", "开心", "開心",
    "害怕", "孤独", "爱", "愛", "행복", "슬프", "슬펐", "기뻤", "무서", "울었", "사랑",
)  # fmt: skip

CJK_WHEN = (
    "今日",
    "昨日",
    "今朝",
    "昨夜",
    "去年",
    "先週",
    "昨天",
    "今天",
    "昨晚",
    "上周",
    "어제",
    "오늘",
    "작년",
    "지난",
)

CJK_PEOPLE = (
    "母", "父", "姉", "妹", "兄", "弟", "友達", "妻", "夫", "娘", "息子", "祖母", "祖父", "犬", "猫", "妈", "爸",
    "姐", "哥", "朋友", "老婆", "老公", "女儿", "儿子", "奶奶", "爷爷", "엄마", "아빠", "언니", "누나", "오빠",
    "동생", "친구", "아내", "남편", "할머니", "誕生日", "生日", "생일",
)  # fmt: skip
