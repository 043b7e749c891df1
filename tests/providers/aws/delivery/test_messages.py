"""What events look like on their way, and what filters make of them."""

from __future__ import annotations

from nephoscope_aws.delivery.content import UNKNOWN, matches
from nephoscope_aws.delivery.messages import bus_event, mapping_passes, notification_body, queue_record, subscription_passes


def test_a_bus_event_is_matched_as_far_as_it_is_known():
    event = bus_event("orders", "s3:ObjectCreated:Put", "123456789012", "eu-west-1")
    assert matches({"source": ["aws.s3"], "detail": {"bucket": {"name": ["orders"]}}}, event) is True
    assert matches({"detail": {"object": {"key": [{"prefix": "in/"}]}}}, event) is None
    assert matches({"detail-type": ["Object created"]}, event) is False


def test_attributes_are_what_services_do_not_send():
    body = notification_body("orders", "s3:ObjectCreated:Put")
    assert subscription_passes({"type": ["order"]}, "MessageAttributes", attributes={}, body=body) is False
    assert subscription_passes({"Records": {"s3": {"bucket": {"name": ["orders"]}}}}, "MessageBody", attributes={}, body=body) is True
    assert subscription_passes({"type": ["order"]}, "None", attributes=UNKNOWN, body=body) is None


def test_any_filter_of_a_mapping_suffices():
    record = queue_record({"kind": "order"})
    wrong, right = {"Pattern": '{"body":{"kind":["return"]}}'}, {"Pattern": '{"body":{"kind":["order"]}}'}
    assert mapping_passes([wrong, right], record) is True
    assert mapping_passes([wrong], record) is False
    assert mapping_passes([], record) is True
    assert mapping_passes(None, record) is True
    assert mapping_passes([{"Pattern": "{not json"}], record) is None
    assert mapping_passes([{"Pattern": '{"detail":{"x":[1]}}'}], queue_record(UNKNOWN)) is False
