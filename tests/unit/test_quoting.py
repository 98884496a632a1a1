"""What an author wrote this time, told from everything else. Every text is written here."""

import pytest

from agent.quoting import Parts, split

ANSWER = "Yes, do introduce us.\n\nAlex"
QUOTED = "Hi Alex,\n\nshall I introduce you to Sara?\n\nNina"
MARKED = "\n".join(f"> {line}".rstrip() for line in QUOTED.split("\n"))


def own(text: str) -> str:
    return split(text).own


def test_a_text_without_anything_else_is_the_author_s() -> None:
    assert split(ANSWER) == Parts(ANSWER, "", "")


def test_nothing_has_no_parts() -> None:
    assert split("") == Parts("", "", "")


# Marked quotations ----------------------------------------------------------------------------------------------------

ATTRIBUTIONS = {
    "Gmail": "On Mon, Jan 5, 2026 at 10:00 AM Nina Brandt <nina@example.org> wrote:",
    "Gmail, wrapped": "On Mon, Jan 5, 2026 at 10:00 AM Nina Brandt\n<nina@example.org> wrote:",
    "Gmail, wrapped twice": "On Mon, Jan 5, 2026 at 10:00 AM Nina Brandt via the Boats <\nnina@example.org>\nwrote:",
    "Apple": "On 5 Jan 2026, at 10:00, Nina Brandt <nina@example.org> wrote:",
    "Thunderbird": "On 05/01/2026 10:00, Nina Brandt wrote:",
    "Thunderbird, German": "Am 05.01.26 um 10:00 schrieb Nina Brandt:",
    "Gmail, German": "Am Mo., 5. Jan. 2026 um 10:00 Uhr schrieb Nina Brandt <nina@example.org>:",
    "Apple, German": "Am 05.01.2026 um 10:00 schrieb Nina Brandt <nina@example.org>:",
    "Gmail, French": "Le lun. 5 janv. 2026 à 10:00, Nina Brandt <nina@example.org> a écrit :",
    "Apple, French": "Le 5 janv. 2026 à 10:00, Nina Brandt <nina@example.org> a écrit :",
    "Gmail, Spanish": "El lun, 5 ene 2026 a las 10:00, Nina Brandt (<nina@example.org>) escribió:",
    "Gmail, Italian": "Il giorno lun 5 gen 2026 alle ore 10:00 Nina Brandt <nina@example.org> ha scritto:",
    "Gmail, Portuguese": "Em seg., 5 de jan. de 2026 às 10:00, Nina Brandt <nina@example.org> escreveu:",
    "Gmail, Dutch": "Op ma 5 jan 2026 om 10:00 schreef Nina Brandt <nina@example.org>:",
    "Gmail, Swedish": "Den mån 5 jan. 2026 kl 10:00 skrev Nina Brandt <nina@example.org>:",
    "Gmail, Polish": "pon., 5 sty 2026 o 10:00 Nina Brandt <nina@example.org> napisał(a):",
    "Gmail, Japanese": "2026年1月5日(月) 10:00 Nina Brandt <nina@example.org>:",
    "a language of nowhere": "Wok 5.1.2026 zu 10:00 blimte Nina Brandt <nina@example.org>:",
    "an old client": "Nina Brandt writes:",
    "an address alone": "nina@example.org said:",
    "Horde": 'Quoting "Brandt, Nina" <nina@example.org>:',
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize("blank", ["\n", "\n\n"])
def test_the_line_that_announces_a_marked_quotation_goes_with_it(attribution: str, blank: str) -> None:
    parts = split(f"{ANSWER}\n\n{attribution}{blank}{MARKED}\n")
    assert parts.own == ANSWER
    assert parts.quoted.endswith(QUOTED)
    assert parts.quoted.startswith(attribution)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_an_answer_below_a_marked_quotation_is_own_text(attribution: str) -> None:
    assert own(f"{attribution}\n{MARKED}\n\n{ANSWER}\n") == ANSWER


def test_answers_between_marked_lines_are_own_text() -> None:
    text = "> Are you free in May?\nno\n> And in June? I would come by\n> on my way south.\n\nyes, gladly\n\n> Nina"
    assert own(text) == "no\n\nyes, gladly"


def test_deeper_quotations_lose_all_their_marks() -> None:
    parts = split("Yes.\n\n>> one\n> > two\n>three\n> four")
    assert parts == Parts("Yes.", "one\ntwo\nthree\nfour", "")


def test_the_rest_of_a_quoted_line_that_was_wrapped_is_quoted() -> None:
    long = (
        "> I have known her for twelve years and we built three boats together in that\ntime\n> and never quarrelled."
    )
    assert own(f"Good.\n\n{long}") == "Good."


def test_a_short_answer_below_a_long_quoted_question_is_own() -> None:
    text = "> Would you like me to introduce you to her when she comes to Bonn next week?\nyes\n> Nina"
    assert own(text) == "yes"


def test_a_line_that_an_mbox_file_marked_is_no_quotation() -> None:
    assert own("Dear Alex,\n>From Monday on I am away.\nNina") == "Dear Alex,\n>From Monday on I am away.\nNina"


def test_a_sentence_that_ends_in_a_colon_stays_above_a_quotation() -> None:
    assert own(f"Here is what I think about this:\n\n{MARKED}") == "Here is what I think about this:"


@pytest.mark.parametrize("sentence", ["That is what she said", "You know what I wrote", "So it is written"])
def test_a_sentence_about_what_was_said_stays_above_a_quotation(sentence: str) -> None:
    assert own(f"{sentence}\n\n{MARKED}") == sentence


def test_marks_with_initials_are_marks() -> None:
    assert own("Agreed.\n\nNB> Shall I?\nNB> Nina") == "Agreed."


# Unmarked quotations --------------------------------------------------------------------------------------------------

HEADERS = {
    "en": "From: Nina Brandt <nina@example.org>\nSent: Monday, 5 January 2026 10:00\nTo: Alex Morgan\nSubject: Sara",
    "de": "Von: Nina Brandt <nina@example.org>\nGesendet: Montag, 5. Januar 2026 10:00\nAn: Alex Morgan\nBetreff: Sara",
    "fr": "De : Nina Brandt <nina@example.org>\nEnvoyé : lundi 5 janvier 2026 10:00\nÀ : Alex Morgan\nObjet : Sara",
    "es": "De: Nina Brandt <nina@example.org>\nEnviado el: lunes, 5 de enero de 2026 10:00\nPara: Alex\nAsunto: Sara",
    "it": "Da: Nina Brandt <nina@example.org>\nInviato: lunedì 5 gennaio 2026 10:00\nA: Alex Morgan\nOggetto: Sara",
    "pt": "De: Nina Brandt <nina@example.org>\nEnviada em: segunda-feira, 5 de janeiro de 2026 10:00\n"
    "Para: Alex Morgan\nAssunto: Sara",
    "nl": "Van: Nina Brandt <nina@example.org>\nVerzonden: maandag 5 januari 2026 10:00\nAan: Alex\nOnderwerp: Sara",
    "sv": "Från: Nina Brandt <nina@example.org>\nSkickat: den 5 januari 2026 10:00\nTill: Alex Morgan\nÄmne: Sara",
    "bold": "*From:* Nina Brandt <nina@example.org>\n*Sent:* Monday, 5 January 2026 10:00\n*To:* Alex\n*Subject:* Sara",
    "Apple": "From: Nina Brandt <nina@example.org>\nSubject: Sara\nDate: 5 January 2026 at 10:00:00 CET\nTo: Alex",
    "tabs": "From: \tBrandt, Nina  \nSent:\tMonday, January 5, 2026 10:00 AM\nTo:\tMorgan, Alex\nCc:\tRoe, Sam;\n"
    "Poe, Tim; Doe, Kim\nSubject:\tSara",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("above", ["", "________________________________\n", "-----Original Message-----\n", "* * *\n"])
def test_below_a_quoted_header_all_is_quoted(header: str, above: str) -> None:
    parts = split(f"{ANSWER}\n\n{above}{header}\n\n{QUOTED}\n")
    assert parts.own.removesuffix("\n\n* * *") == ANSWER
    assert parts.quoted.endswith(QUOTED)


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_an_answer_below_a_quoted_header_with_marked_text_is_own(header: str) -> None:
    assert own(f"-----Original Message-----\n{header}\n\n{MARKED}\n\n{ANSWER}") == ANSWER


SEPARATORS = [
    "-----Original Message-----",
    "----- Original Message ----- ",
    "-----Ursprüngliche Nachricht-----",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "-----Mensagem original-----",
    "-----Oorspronkelijk bericht-----",
    "---- On Mon, 05 Jan 2026 10:00:00 +0100 Nina Brandt <nina@example.org> wrote ----",
    "Nina Brandt ---01/05/2026 10:00:00 AM---Hi Alex, shall I introduce you to",
    "---------- Forwarded message ---------",
    "---------- Weitergeleitete Nachricht ---------",
    "-------- Weitergeleitete Nachricht --------",
    "---------- Message transféré ---------",
    "---------- Mensaje reenviado ---------",
    "---------------------- Forwarded by Nina Brandt/BON/BOATS on 01/05/2026 \n10:00 AM ---------------------------",
    "------- Forwarded Message",
    "Begin forwarded message:",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message réexpédié :",
    "Inicio del mensaje reenviado:",
    "Inizio messaggio inoltrato:",
    "Início da mensagem encaminhada:",
    "Begin doorgestuurd bericht:",
    "---------- Wolgat blimta ---------",
]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_separator_and_what_it_announces_are_quoted(separator: str) -> None:
    parts = split(f"{ANSWER}\n\n{separator}\n\n{HEADERS['en']}\n\n{QUOTED}")
    assert parts.own == ANSWER
    assert parts.quoted.startswith(separator.strip())


def test_a_forward_that_says_where_it_ends_ends_there() -> None:
    forwarded = f"------- Forwarded Message\n\n{HEADERS['en']}\n\n{QUOTED}\n\n------- End of Forwarded Message"
    assert own(f"See below.\n\n{forwarded}\n\n{ANSWER}") == f"See below.\n\n{ANSWER}"


LOTUS = {
    "name and date": "Nina Brandt\n01/05/2026 10:00 AM\nTo: Alex Morgan/BON/BOATS@BOATS\ncc:  \nSubject: Sara",
    "address and date": '"Nina Brandt" <nina@example.org> on 01/05/2026 10:00:00 AM\nTo: <alex@example.com>\ncc:  \n\n'
    "Subject: Sara",
    "respond to": '"Nina Brandt" <nina@example.org> on 01/05/2026 10:00:00 AM\nPlease respond to <n@example.org>\n'
    "To: <alex@example.com>\ncc:  \nSubject: Sara",
    "letterhead": "\tNorth Sea Boats Corp.\n\t\n\tFrom:  Nina Brandt @ BOATS            01/05/2026 10:00 AM\n\t\n\n"
    "To: Alex Morgan/BON/BOATS@BOATS\ncc:  \nSubject: Sara",
}


@pytest.mark.parametrize("header", LOTUS.values(), ids=LOTUS.keys())
def test_quotations_of_lotus_notes_are_known_by_their_labels(header: str) -> None:
    parts = split(f"{ANSWER}\n\n\n\n{header}\n\n{QUOTED}")
    assert parts.own == ANSWER
    assert parts.quoted.endswith(QUOTED)


@pytest.mark.parametrize(
    "attribution", [text for name, text in ATTRIBUTIONS.items() if "wrote" in text or "Am" in text]
)
def test_an_attribution_beyond_doubt_needs_no_marks_below_it(attribution: str) -> None:
    assert own(f"{ANSWER}\n\n{attribution}\n\n{QUOTED}") == ANSWER


def test_a_time_in_an_answer_is_not_the_date_line_of_lotus_notes() -> None:
    header = "To: Alex Morgan/BON/BOATS@BOATS\ncc:  \nSubject: Re: tea"
    assert own(f"next Thursday at 7:00 pm\n\n{header}\n\nWhen?") == "next Thursday at 7:00 pm"


NOT_QUOTATIONS = [
    "From: Houston\nTo: Dallas\nDate: 5 January 2026 10:00\n\nThat is my flight.",
    "To: all boat builders\nFrom: the board\nDate: 5 January 2026\nSubject: holidays\n\nWe close on Friday.",
    "Subject: to change, we meet on Friday.\nTo: be honest, I forgot.",
    "We met on 5 January 2026 and this is what she wrote:\n\nDear all, boats are fine.",
    "Do remember that on 5 January 2026 at 10:00 she wrote:\n\nDear all, boats are fine.",
    "On 5 January 2026 she wrote:\n\nDear all, boats are fine.",
    "The plan for 5 January 2026, 10:00:\n\n1. tea\n2. boats",
    "Please write to nina@example.org and ask her:\nis the boat ready?",
    "Sizes:\n3 > 2\nand 2 < 3",
    "Nina, I will be there at 10:00 am.\n\nAlex",
    "One thing --- no, two things -- matter.\n---\nFirst, tea.",
]


@pytest.mark.parametrize("text", NOT_QUOTATIONS)
def test_what_only_resembles_a_quotation_is_own_text(text: str) -> None:
    assert own(text) == text


# Signatures, footers, banners -----------------------------------------------------------------------------------------


def test_a_signature_begins_at_its_delimiter_and_ends_at_the_quotation() -> None:
    parts = split(f"Yes.\n\n-- \nAlex Morgan\nBonn\n\nOn 5 Jan 2026, at 10:00, Nina wrote:\n{MARKED}\n\nAnd thanks.")
    assert parts.own == "Yes.\n\nAnd thanks."
    assert parts.signature == "-- \nAlex Morgan\nBonn"


@pytest.mark.parametrize("delimiter", ["--", "-- ", "—"])
def test_delimiters_without_their_space_count_for_short_signatures(delimiter: str) -> None:
    assert own(f"Yes.\n{delimiter}\nAlex Morgan\nBonn") == "Yes."


def test_what_is_too_long_for_a_signature_is_none() -> None:
    chapter = "\n".join(f"This is line {n} of a long story." for n in range(20))
    assert own(f"Part one.\n--\n{chapter}") == f"Part one.\n--\n{chapter}"


TAGLINES = [
    "Sent from my iPhone",
    "Sent from Outlook for Android",
    "Get Outlook for iOS<https://aka.ms/x>",
    "Sent with Proton Mail secure email.",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Enviado do meu iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Verzonden met Outlook voor iOS",
    "Skickat från min iPhone",
]


@pytest.mark.parametrize("tagline", TAGLINES)
@pytest.mark.parametrize("quotation", ["", f"\n\nOn 5 Jan 2026, at 10:00, Nina wrote:\n\n{MARKED}"])
def test_a_tagline_of_a_mail_program_is_not_the_author_s(tagline: str, quotation: str) -> None:
    parts = split(f"Yes, please.\n\n{tagline}{quotation}")
    assert (parts.own, parts.signature) == ("Yes, please.", tagline)
    assert own(f"Yes, please.\n{tagline}{quotation}") == "Yes, please."


@pytest.mark.parametrize(
    "line", ["Sent from the shop, it will arrive on Friday", "I have sent from my side what I had"]
)
def test_a_sentence_of_the_author_is_no_tagline(line: str) -> None:
    assert own(f"Yes.\n\n{line}") == f"Yes.\n\n{line}"


DISCLAIMERS = [
    (
        "This e-mail is confidential and may be legally privileged. If you are not the intended recipient, please "
        "delete it and notify the sender."
    ),
    (
        "Diese E-Mail enthält vertrauliche oder rechtlich geschützte Informationen. Wenn Sie sie irrtümlich erhalten "
        "haben, informieren Sie bitte den Absender und vernichten Sie sie. Unbefugte Weitergabe ist nicht gestattet."
    ),
    (
        "Ce message est confidentiel et destiné à ses seuls destinataires. Si vous le recevez par erreur, merci de le "
        "détruire. Toute divulgation est interdite."
    ),
    (
        "Este mensaje es confidencial y va dirigido a su destinatario. Si lo recibe por error, bórrelo; su divulgación "
        "está prohibida."
    ),
    "Questo messaggio è riservato al destinatario. Se ricevuto per errore, è vietata ogni divulgazione.",
    "Esta mensagem é confidencial e destina-se ao destinatário. Se a recebeu por engano, a divulgação é proibida.",
    "Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde. Gebruik door anderen is verboden.",
]


@pytest.mark.parametrize("disclaimer", DISCLAIMERS)
def test_a_disclaimer_is_not_the_author_s(disclaimer: str) -> None:
    parts = split(f"{ANSWER}\n\n*******\n\n{disclaimer}\n\nSee also https://example.org/terms")
    assert parts.own == ANSWER
    assert disclaimer in parts.signature


def test_a_secret_of_the_author_is_no_disclaimer() -> None:
    text = (
        "Shall I introduce you to Sara?\n\nPlease keep this confidential, she has not told anybody yet that she leaves."
    )
    assert own(text) == text


FOOTERS = [
    (
        "_______________________________________________\nBoats mailing list\nBoats@lists.example.org\n"
        "https://lists.example.org/mailman/listinfo/boats"
    ),
    (
        '-- \nYou received this message because you are subscribed to the Google Groups "Boats" group.\n'
        "To unsubscribe from this group, send an email to boats+unsubscribe@example.org."
    ),
    "To unsubscribe, write to boats-unsubscribe@example.org",
    "__________________________________________________\nGet free mail from Example!\nhttp://mail.example.com",
    "---------------------------------------------------------------------\nTo unsubscribe, e-mail: x@example.org",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_footer_of_a_list_is_not_the_author_s(footer: str) -> None:
    assert split(f"{ANSWER}\n\n{footer}") == Parts(ANSWER, "", footer)


BANNERS = [
    "CAUTION: This email originated from outside of the organization. Do not click links unless you know the sender.",
    "[EXTERNAL]",
    "*** EXTERNAL EMAIL ***",
    "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links.",
    "ATTENTION : ce message provient de l'extérieur, ne cliquez pas sur les liens.",
    "You don't often get email from nina@example.org. Learn why this is important",
    "LET OP: deze e-mail komt van buiten de organisatie.",
]


@pytest.mark.parametrize("banner", BANNERS)
def test_a_warning_of_a_gateway_is_not_the_author_s(banner: str) -> None:
    assert split(f"{banner}\n\n{ANSWER}") == Parts(ANSWER, "", banner)


@pytest.mark.parametrize(
    "text",
    [
        "Caution: Sara is a talker.\n\nShall I introduce you?",
        "Our external auditor, Sara, would like to meet you.",
        "Attention, boat people: tea at four.",
    ],
)
def test_a_warning_of_the_author_is_own_text(text: str) -> None:
    assert own(text) == text


def test_armour_around_a_signed_text_is_not_the_author_s() -> None:
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes, do.\n\nAlex\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    assert own(text) == "Yes, do.\n\nAlex"


def test_the_words_right_above_a_disclaimer_are_the_author_s() -> None:
    assert own(f"Yes, do.\nAlex\n++++CONFIDENTIALITY NOTICE++++\n{DISCLAIMERS[0]}") == "Yes, do.\nAlex"


def test_everything_at_once() -> None:
    text = (
        "[EXTERNAL]\n\nHi Nina,\n\nyes, do.\n\nSent from my iPhone\n\n"
        f"On 5 Jan 2026, at 10:00, Nina wrote:\n\n{MARKED}\n\nP.S. Bring tea.\n\n"
        "-- \nAlex\n____________________\nList: https://lists.example.org/mailman/listinfo/x"
    )
    assert own(text) == "Hi Nina,\n\nyes, do.\n\nP.S. Bring tea."


# A forward that is only announced -------------------------------------------------------------------------------------

ANNOUNCEMENTS = [
    "Begin forwarded message:",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message transféré :",
    "Inicio del mensaje reenviado:",
    "Inizio messaggio inoltrato:",
    "Início da mensagem reencaminhada:",
    "Begin doorgestuurd bericht:",
]


@pytest.mark.parametrize("announcement", ANNOUNCEMENTS)
def test_a_forward_with_a_short_header_is_not_the_author_s_own(announcement: str) -> None:
    forwarded = f"{announcement}\nFrom: Nina Brandt\nSubject: Sara\n\n{QUOTED}"
    assert own(f"{ANSWER}\n\n{forwarded}") == ANSWER


def test_a_sentence_that_speaks_of_a_forwarded_mail_is_the_author_s_own() -> None:
    text = "I read what you forwarded:\nthe plan is good."
    assert own(text) == text
