"""What people on call say, and the family of trouble it is. A sentence may fit several; the first column must be among the best two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge import symptoms

SENTENCES = """
event_not_delivered | uploads to bucket orders-in no longer trigger function resize
event_not_delivered | new files in the bucket don't start our importer any more
event_not_delivered | the function is never invoked when a message lands in the queue
event_not_delivered | messages published to the topic never arrive in the queue
event_not_delivered | our nightly rule has stopped firing since Tuesday
event_not_delivered | the consumer isn't picked up by events, backlog keeps growing
event_not_delivered | subscribers aren't notified about new orders
event_not_delivered | Messages pile up in orders and the worker does not process them
event_not_delivered | the schedule did not fire last night
event_not_delivered | notifications for the uploads bucket stopped arriving
cannot_connect | the web server can't connect to the database on port 5432
cannot_connect | instance i-0abc1234567890def cannot reach the internet
cannot_connect | I am unable to ssh into the bastion
cannot_connect | app-1 can no longer reach cache-1
cannot_connect | no route from subnet a to the peered network
cannot_connect | the host is unreachable from our office
cannot_connect | could not connect to db.internal:3306
timeout | requests from the api to the database time out
timeout | curl hangs and then we get a gateway timeout
timeout | the function times out after 3 seconds
refused | connection refused on port 8080
refused | ECONNREFUSED when the worker calls the api
refused | the database keeps rejecting connections from the worker
refused | it drops our connections
error_status | the load balancer answers 502 Bad Gateway
error_status | users see 503 Service Unavailable
error_status | the api returns 500 since the release
access_denied | function report gets AccessDenied when reading bucket data
access_denied | An error occurred (AccessDenied) when calling the GetObject operation: Access Denied
access_denied | role deployer is not authorized to perform sts:AssumeRole
access_denied | ci can't assume the deploy role
access_denied | User is unauthorized to decrypt with this key
access_denied | we get a 403 from the store since this morning
access_denied | explicit deny for the backup role
access_denied | the lambda may not write to the table
nothing_happens | nothing happens when I drop a file
nothing_happens | the job does nothing, silently
partial | only some of the images get thumbnails
partial | every second message is ignored
late | the report comes two hours late
late | the consumer is lagging behind
duplicate | orders are processed twice
duplicate | customers get every mail two or three times
duplicate | customers get duplicate emails
wrong_content | the function runs an old version of the code
wrong_content | users see stale data
slow | the api is very slow since noon
slow | we are being throttled
cost | our bill doubled in a week
cost | unexpected charges for data transfer
exposed | the auditor says the bucket is public
exposed | is anything exposed to the internet?
not_alerted | nobody was paged although the disk was full
not_alerted | the alarm did not go off
missing | records are missing from the table
missing | half of the files have vanished
suspicion | please check whether everything is all right with checkout
suspicion | something feels odd
"""
CASES = [(symptom.strip(), words.strip()) for symptom, _, words in (line.partition("|") for line in SENTENCES.strip().splitlines())]


@pytest.mark.parametrize(("symptom", "words"), CASES)
def test_sentences_of_people_on_call(symptom: str, words: str) -> None:
    assert symptom in symptoms.classify(words)[:2], symptoms.classify(words)


@pytest.mark.parametrize(("symptom", "words"), CASES)
def test_typography_and_case_say_nothing(symptom: str, words: str) -> None:
    assert symptoms.classify(words.replace("'", "’")) == symptoms.classify(words)
    assert symptoms.classify(words.upper()) == symptoms.classify(words)


def test_every_class_has_a_sentence() -> None:
    assert {symptom for symptom, _ in CASES} == set(symptoms.classes())


def test_whoever_was_denied_lost_nothing_on_the_way() -> None:
    found = symptoms.classify("events are not delivered: access denied")
    assert "access_denied" in found
    ranked = symptoms.classify("the new files are refused with AccessDenied")
    assert ranked[0] == "access_denied" and "missing" not in ranked


@given(st.text(max_size=300))
def test_any_text_fits_some_class(text: str) -> None:
    found = symptoms.classify(text)
    assert found and set(found) <= {*symptoms.classes(), symptoms.SUSPICION}
    assert found == symptoms.classify(text)


@pytest.mark.parametrize(
    "words", ["role a is not authorized to publish to topic pager", "ci is not authorized to invoke function resize", "unauthorized to send messages"]
)
def test_the_words_of_an_answer_tell_nothing_else(words: str) -> None:
    found = symptoms.classify(words)
    assert found[0] == "access_denied"
    assert "event_not_delivered" not in found


@pytest.mark.parametrize(
    ("words", "symptom"),
    [
        ("trainer gets AccessDenied on shared-models, I checked it twice", "access_denied"),
        ("the function doesnt fire", "event_not_delivered"),
        ("batch-7 gets 403s when copying", "access_denied"),
        ("acces denied for jenkins", "access_denied"),
        ("I can not get to it with the browser", "cannot_connect"),
    ],
)
def test_how_often_one_tried_and_how_one_spells_say_nothing(words: str, symptom: str) -> None:
    assert symptoms.classify(words)[0] == symptom


def test_names_of_errors_are_answers() -> None:
    assert all(map(symptoms.tells, ("AccessDenied", "AccessDeniedException", "ThrottlingException", "KMSAccessDenied", "ConnectTimeoutError")))
    assert not any(map(symptoms.tells, ("web-1", "uploads", "PaymentWorker", "error-mailer", "ErrorMailer")))


def test_a_guess_is_left_out_unless_it_is_all_that_is_said() -> None:
    assert "denied" not in symptoms.without_guesses("calls from web-1 time out, maybe it is denied")
    assert "denied" in symptoms.without_guesses("maybe it is denied")


@pytest.mark.parametrize(
    ("words", "symptom"),
    [
        ("new photos never get a thumbnail", "event_not_delivered"),
        ("the report never comes on saturdays", "event_not_delivered"),
        ("page-views delivers nothing", "event_not_delivered"),
        ("repricing isn't happening", "nothing_happens"),
        ("nothing shows up in the lake", "event_not_delivered"),
        ("I can never get to the site", "suspicion"),
    ],
)
def test_what_never_happens(words: str, symptom: str) -> None:
    assert symptoms.classify(words)[0] == symptom
