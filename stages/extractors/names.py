"""Names and words by which people, places, health matters and traditions are told apart. All entries are casefolded."""

from stages.extractors.lexicon import words

RELATIONS = {
    "mother": "mother", "mom": "mother", "mum": "mother", "mama": "mother", "mutter": "mother", "mère": "mother",
    "madre": "mother", "father": "father", "dad": "father", "papa": "father", "vater": "father", "père": "father",
    "padre": "father", "stepmother": "stepmother", "stepmom": "stepmother", "stiefmutter": "stepmother",
    "stepfather": "stepfather", "stepdad": "stepfather", "stiefvater": "stepfather", "sister": "sister",
    "schwester": "sister", "soeur": "sister", "sœur": "sister", "hermana": "sister", "half-sister": "sister",
    "brother": "brother", "bruder": "brother", "frère": "brother", "hermano": "brother", "half-brother": "brother",
    "daughter": "daughter", "tochter": "daughter", "hija": "daughter", "son": "son", "sohn": "son", "fils": "son",
    "hijo": "son", "wife": "wife", "ehefrau": "wife", "esposa": "wife", "husband": "husband", "ehemann": "husband",
    "mari": "husband", "esposo": "husband", "girlfriend": "girlfriend", "boyfriend": "boyfriend",
    "partner": "partner", "partnerin": "partner", "fiancé": "fiance", "fiancée": "fiance", "fiance": "fiance",
    "fiancee": "fiance", "verlobter": "fiance", "verlobte": "fiance", "grandmother": "grandmother",
    "grandma": "grandmother", "granny": "grandmother", "oma": "grandmother", "grandfather": "grandfather",
    "grandpa": "grandfather", "opa": "grandfather", "grandson": "grandchild", "granddaughter": "grandchild",
    "enkel": "grandchild", "enkelin": "grandchild", "aunt": "aunt", "auntie": "aunt", "tante": "aunt",
    "uncle": "uncle", "onkel": "uncle", "cousin": "cousin", "cousine": "cousin", "niece": "niece", "nichte": "niece",
    "nephew": "nephew", "neffe": "nephew", "mother-in-law": "mother_in_law", "schwiegermutter": "mother_in_law",
    "father-in-law": "father_in_law", "schwiegervater": "father_in_law", "sister-in-law": "sister_in_law",
    "schwägerin": "sister_in_law", "brother-in-law": "brother_in_law", "schwager": "brother_in_law",
    "friend": "friend", "freund": "friend", "freundin": "friend", "bestie": "friend", "ami": "friend",
    "amie": "friend", "amigo": "friend", "amiga": "friend", "roommate": "roommate", "flatmate": "roommate",
    "mitbewohner": "roommate", "mitbewohnerin": "roommate", "neighbour": "neighbour", "neighbor": "neighbour",
    "nachbar": "neighbour", "nachbarin": "neighbour", "colleague": "colleague", "coworker": "colleague",
    "co-worker": "colleague", "kollege": "colleague", "kollegin": "colleague", "boss": "boss", "manager": "boss",
    "chef": "boss", "chefin": "boss", "therapist": "therapist", "therapeut": "therapist", "therapeutin": "therapist",
    "teacher": "teacher", "lehrer": "teacher", "lehrerin": "teacher", "ex": "ex", "ex-husband": "ex", "ex-wife": "ex",
    "ex-boyfriend": "ex", "ex-girlfriend": "ex", "godmother": "godparent", "godfather": "godparent",
    "patentante": "godparent", "patenonkel": "godparent", "godson": "godchild", "goddaughter": "godchild",
    "dog": "pet", "puppy": "pet", "cat": "pet", "kitten": "pet", "horse": "pet", "rabbit": "pet", "parrot": "pet",
    "hund": "pet", "hündin": "pet", "katze": "pet", "kater": "pet", "pferd": "pet",
}  # fmt: skip
"""A word for a relation, and the relation: `X is my <word>` becomes the edge X -`<relation>_of`-> me."""

PLURAL_RELATIONS = {
    "sisters": "sister", "schwestern": "sister", "brothers": "brother", "brüder": "brother", "daughters": "daughter",
    "töchter": "daughter", "sons": "son", "söhne": "son", "kids": "child", "children": "child", "twins": "child",
    "kinder": "child", "friends": "friend", "freunde": "friend", "freundinnen": "friend", "cousins": "cousin",
    "parents": "parent", "eltern": "parent", "grandparents": "grandparent", "großeltern": "grandparent",
    "dogs": "pet", "cats": "pet", "hunde": "pet", "katzen": "pet", "roommates": "roommate", "colleagues": "colleague",
    "coworkers": "colleague", "nieces": "niece", "nephews": "nephew",
}  # fmt: skip
"""The same for several: `my brothers Tom and Ben`."""

ONLY_ONES = words(
    "mother father stepmother stepfather wife husband girlfriend boyfriend partner fiance mother_in_law father_in_law"
)
"""Relations somebody has one of: such a person is known without a name."""

NOT_NAMES = words("""
    i i'm i've i'd i'll me my we you he she it they it's he's she's that's the a an and but or so then when what who
    where why how if no not yes yeah ok okay oh hey hi hello thanks thank please well also just now today tomorrow
    yesterday tonight maybe perhaps sometimes everyone everything nobody something someone this that these those there
    here after before because since while although however still even our your his her their its is are was were do
    does did have has had can could will would should in on at to for from with of by as all some any every each one
    two three four five first last monday tuesday wednesday thursday friday saturday sunday january february march
    april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    spring summer autumn fall winter montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz
    mai juni juli oktober dezember english german french spanish italian japanese chinese korean russian portuguese
    dutch latin arabic turkish polish greek american british canadian australian european asian african mexican indian
    irish scottish swedish norwegian danish christmas easter hanukkah thanksgiving halloween ramadan eid diwali
    passover valentine's valentine new year's eve weihnachten ostern silvester neujahr advent pfingsten birthday god
    lord jesus christ allah buddha mom mum mommy dad daddy mama papa grandma grandpa granny sis bro mr mrs ms dr miss
    sir mother father sister brother aunt uncle cousin doctor professor python java javascript typescript rust linux
    windows macos android excel word photoshop docker kubernetes react node sql html css json api ai llm gpt chatgpt
    claude gemini copilot bard siri alexa pdf usb cpu gpu url http https cv hr pr google microsoft apple amazon
    facebook meta netflix spotify youtube instagram whatsapp twitter tiktok reddit discord slack zoom teams github
    gitlab openai anthropic tesla samsung sony nintendo playstation xbox ikea uber airbnb paypal starbucks walmart
    costco lego disney covid corona adhd ptsd ocd ibs hiv tv pc ps phd mba bsc msc ich mein meine mir mich wir du sie
    er es der die das ein eine und aber oder dann wenn weil dass heute gestern morgen vielleicht danke bitte ja nein
    hallo liebe lieber herr frau gott hier dort auch noch nur sehr nach vor mit bei von zu zum zur im am in aus auf um
    kein keine seine ihre unser unsere ihr ihn ihm uns euch was wer wo wie warum als seit bis
    """)
"""Capitalised words that name neither a person nor a place."""

FIRST_NAMES = words("""
    aaron abigail adam adrian agnes aisha alan albert alejandro alex alexander alexandra alice alina alison amanda
    amelia amir amy ana anders andrea andreas andrew angela anita anja ann anna anne annie anton antonio arthur ashley
    astrid barbara beate ben benjamin bernd beth bettina bianca birgit björn bob brandon brenda brian britta bruno
    camille carla carlos carmen carol caroline catherine cecilia charles charlotte chloe chris christian christina
    christine christopher claire clara claudia connor cynthia daniel daniela david deborah denise dennis diana diego
    dieter dirk dominik donna doris dorothy edward eleanor elena elias elisa elisabeth elizabeth ella ellen emil
    emilia emily emma eric erik erika ethan eva evelyn fabian fatima felix fiona florian frank franz frida friedrich
    gabriel george gerald gisela giulia greta guillermo günter hannah hannes hans harold harry heather heidi heike
    helen helena helga henrik henry holger ian ines inga ingrid irene isabel isabella ivan jack jacob jakob james
    jamie jan jana jane janet janice jasmine jason javier jean jeff jennifer jens jeremy jessica joan joanna joe
    johann johanna john johnny jonas jonathan jorge josé josef joseph joshua juan judith julia julian julie jürgen kai
    karen karin karl karolina katharina katherine kathleen katja katrin kayla keith kelly kenji kenneth kevin klaus
    laila lara larry lars laura lauren lea lena leo leon leonie liam lina linda linus lisa louis louise luca lucas
    lucia lucy luis lukas luke luna lydia maja manfred manuel marcus margaret maria mariana marie marina mario markus
    marta martha martin martina mary mateo mathilda matthew matthias max megan mei melanie melissa mia michael
    michelle miguel mika mike mila milan mina miriam mohammed monica monika moritz nadia nadine nancy naomi natalie
    nathan niklas nicholas nicole nico nina noah nora oliver olivia oscar otto pablo pamela patricia patrick paul
    paula pedro peter petra philip philipp pia rachel rafael ralf rebecca renate ricardo richard robert roger roland
    roman rosa rosie ruth ryan sabine samantha samuel sandra sara sarah scott sebastian sharon silvia simon simone
    sofia sonja sophia sophie stefan stefanie stephanie stephen steven susan susanne sven sylvia tanja teresa theo
    theresa thomas tim timothy tina tobias tom tyler ulrike ursula uwe valentina vanessa vera veronika victoria
    vincent walter werner wilhelm william wolfgang yasmin yuki yvonne zoe
    """)
"""Common first names that are no common words."""
