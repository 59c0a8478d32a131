"""Words by which places, health matters and traditions are known. All entries are casefolded."""

from stages.extractors.lexicon import words

COUNTRIES = words("""
    afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium bolivia
    bosnia brazil bulgaria cambodia cameroon canada chile china colombia croatia cuba cyprus czechia denmark ecuador
    egypt england estonia ethiopia finland france germany ghana greece guatemala hungary iceland india indonesia iran
    iraq ireland israel italy jamaica japan kazakhstan kenya korea kosovo kuwait latvia lebanon lithuania luxembourg
    malaysia malta mexico moldova mongolia montenegro morocco myanmar nepal netherlands nicaragua nigeria norway
    pakistan panama paraguay peru philippines poland portugal qatar romania russia rwanda scotland senegal serbia
    singapore slovakia slovenia somalia spain sudan sweden switzerland syria taiwan tanzania thailand tunisia turkey
    uganda ukraine uruguay uzbekistan venezuela vietnam wales yemen zambia zimbabwe deutschland österreich schweiz
    frankreich italien spanien portugal japan türkei griechenland schweden norwegen dänemark polen england irland
    schottland niederlande
    """) | {
    "new zealand", "south africa", "south korea", "north korea", "costa rica", "sri lanka", "saudi arabia",
    "united states", "united kingdom", "usa", "uk", "czech republic", "northern ireland", "puerto rico",
    "el salvador", "hong kong",
}  # fmt: skip

CITIES = words("""
    aachen aberdeen adelaide alicante amsterdam ankara antwerp athens atlanta auckland austin baltimore bangalore
    bangkok barcelona basel beijing beirut belfast belgrade bergen berlin bern bilbao birmingham bogotá bogota bologna
    bonn bordeaux boston bratislava bremen brighton brisbane bristol brooklyn brussels bucharest budapest cairo
    calgary cambridge cardiff casablanca chengdu chennai chicago cleveland cologne copenhagen córdoba dallas darmstadt
    delhi denver detroit dortmund dresden dubai dublin dubrovnik dundee düsseldorf edinburgh edmonton eindhoven erfurt
    essen florence frankfurt freiburg fukuoka galway gdansk geneva genoa ghent glasgow göttingen gothenburg granada
    graz guadalajara hamburg hamilton hannover hanoi heidelberg helsinki hiroshima honolulu houston innsbruck istanbul
    izmir jakarta jena jerusalem johannesburg karlsruhe kassel kathmandu kiel kobe köln krakow kyiv kyoto lagos
    lausanne leeds leicester leipzig lille lima linz lisbon liverpool ljubljana london lübeck lucerne lviv lyon madrid
    mainz málaga malaga malmö manchester manila mannheim marseille marrakesh melbourne memphis miami milan milwaukee
    minneapolis minsk montreal moscow mumbai munich münchen münster nagoya nairobi naples nara nantes nashville
    newcastle nice nicosia nuremberg nürnberg oakland okinawa orlando osaka oslo ottawa oxford palermo paris perth
    philadelphia phoenix pittsburgh porto portland potsdam prague pune quebec quito regensburg reykjavik riga rome
    rostock rotterdam saarbrücken sacramento salzburg santiago sapporo sarajevo savannah seattle sendai seoul seville
    shanghai sheffield shenzhen sofia southampton stockholm strasbourg stuttgart sydney taipei tallinn tampa tbilisi
    tehran thessaloniki tokyo toledo toronto toulouse trieste trondheim tübingen turin ulm uppsala utrecht valencia
    vancouver venice verona vienna vilnius warsaw wellington wien winnipeg wroclaw würzburg yokohama york zagreb
    zurich zürich alaska arizona bavaria bayern bali brittany california cornwall corsica crete florida hawaii
    hokkaido ibiza kerala london mallorca massachusetts michigan minnesota normandy ohio ontario oregon patagonia
    pennsylvania provence sardinia sicily tasmania tenerife texas toskana tuscany tyrol utah vermont virginia
    wisconsin
    """) | {
    "new york", "new york city", "los angeles", "san francisco", "san diego", "las vegas", "new orleans",
    "salt lake city", "mexico city", "cape town", "buenos aires", "rio de janeiro", "são paulo", "sao paulo",
    "tel aviv", "kuala lumpur", "ho chi minh city", "santa fe", "santa cruz", "new jersey", "new mexico",
    "north carolina", "south carolina", "british columbia", "nova scotia", "the hague", "st. gallen",
}  # fmt: skip

PLACES = COUNTRIES | CITIES
"""Places that are known without a cue."""

CONDITIONS = {
    "asthma": "asthma", "migraine": "migraine", "migraines": "migraine", "migräne": "migraine",
    "diabetes": "diabetes", "diabetic": "diabetes", "epilepsy": "epilepsy", "epilepsie": "epilepsy",
    "arthritis": "arthritis", "depression": "depression", "depressionen": "depression", "anxiety": "anxiety",
    "angststörung": "anxiety", "adhd": "ADHD", "adhs": "ADHD", "autism": "autism", "autismus": "autism",
    "ptsd": "PTSD", "ocd": "OCD", "bipolar": "bipolar disorder", "insomnia": "insomnia",
    "schlaflosigkeit": "insomnia", "endometriosis": "endometriosis", "endometriose": "endometriosis",
    "fibromyalgia": "fibromyalgia", "cancer": "cancer", "krebs": "cancer", "leukemia": "leukemia",
    "dementia": "dementia", "demenz": "dementia", "alzheimer's": "Alzheimer's disease",
    "alzheimer": "Alzheimer's disease", "parkinson's": "Parkinson's disease", "lupus": "lupus", "anemia": "anaemia",
    "anaemia": "anaemia", "celiac": "coeliac disease", "coeliac": "coeliac disease", "zöliakie": "coeliac disease",
    "eczema": "eczema", "neurodermitis": "eczema", "psoriasis": "psoriasis", "scoliosis": "scoliosis",
    "tinnitus": "tinnitus", "hypothyroidism": "hypothyroidism", "hashimoto's": "Hashimoto's disease",
    "hypertension": "high blood pressure", "bluthochdruck": "high blood pressure", "pneumonia": "pneumonia",
    "lungenentzündung": "pneumonia", "anorexia": "anorexia", "bulimia": "bulimia", "burnout": "burnout",
    "dyslexia": "dyslexia", "pcos": "PCOS", "ibs": "irritable bowel syndrome", "crohn's": "Crohn's disease",
    "hay fever": "hay fever", "heuschnupfen": "hay fever", "sleep apnea": "sleep apnoea",
    "high blood pressure": "high blood pressure", "chronic pain": "chronic pain",
    "chronic fatigue": "chronic fatigue", "multiple sclerosis": "multiple sclerosis",
    "panic attacks": "panic attacks", "panic disorder": "panic disorder", "long covid": "long COVID",
    "social anxiety": "social anxiety", "postpartum depression": "postpartum depression",
}  # fmt: skip
"""What a health matter is called, and its one label."""

HOLIDAYS = {
    "christmas": "Christmas", "weihnachten": "Christmas", "easter": "Easter", "ostern": "Easter",
    "hanukkah": "Hanukkah", "chanukah": "Hanukkah", "thanksgiving": "Thanksgiving", "halloween": "Halloween",
    "ramadan": "Ramadan", "eid": "Eid", "diwali": "Diwali", "passover": "Passover", "nowruz": "Nowruz",
    "new year's eve": "New Year's Eve", "silvester": "New Year's Eve", "lunar new year": "Lunar New Year",
    "midsummer": "Midsummer", "advent": "Advent", "shabbat": "Shabbat", "valentine's day": "Valentine's Day",
}  # fmt: skip
"""A feast and its one label."""

RECURRENCES = {
    "sunday": "Sunday", "monday": "Monday", "tuesday": "Tuesday", "wednesday": "Wednesday", "thursday": "Thursday",
    "friday": "Friday", "saturday": "Saturday", "morning": "morning", "evening": "evening", "night": "night",
    "weekend": "weekend", "week": "week", "month": "month", "year": "year", "spring": "spring", "summer": "summer",
    "autumn": "autumn", "fall": "autumn", "winter": "winter", "sonntag": "Sunday", "montag": "Monday",
    "dienstag": "Tuesday", "mittwoch": "Wednesday", "donnerstag": "Thursday", "freitag": "Friday",
    "samstag": "Saturday", "morgen": "morning", "abend": "evening", "wochenende": "weekend", "woche": "week",
    "monat": "month", "jahr": "year", "frühling": "spring", "sommer": "summer", "herbst": "autumn",
}  # fmt: skip
"""What comes back, and its one name."""
