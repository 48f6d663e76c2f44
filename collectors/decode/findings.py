"""The names of everything that can be odd about a frame.

Each name is an entry of `data/catalog/findings.yaml`, which says in three languages what it means and
how severe it is. This module only names; a test holds both lists equal.
"""

from __future__ import annotations

from typing import Final

# --- the text of the frame (the first two are the listener's to see)
FRAME_TOO_LARGE: Final = "frame_too_large"
BINARY_FRAME: Final = "binary_frame"
FRAME_EMPTY: Final = "frame_empty"
FRAME_UNREADABLE: Final = "frame_unreadable"
NOT_UTF8: Final = "not_utf8"
JSON_MULTI_LINE: Final = "json_multi_line"
JSON_CONTROL_CHARACTERS: Final = "json_control_characters"
JSON_BAD_ESCAPE: Final = "json_bad_escape"
JSON_MISSING_COMMA: Final = "json_missing_comma"
JSON_EXTRA_COMMA: Final = "json_extra_comma"
JSON_BROKEN: Final = "json_broken"
JSON_TRUNCATED: Final = "json_truncated"
JSON_TRAILING_TEXT: Final = "json_trailing_text"
JSON_LEADING_TEXT: Final = "json_leading_text"
JSON_NOT_STANDARD: Final = "json_not_standard"

# --- the envelope: [type, message id, action, payload]
NOT_A_FRAME: Final = "not_a_frame"
TYPE_UNKNOWN: Final = "type_unknown"
TYPE_AS_TEXT: Final = "type_as_text"
MESSAGE_ID_MISSING: Final = "message_id_missing"
MESSAGE_ID_NOT_TEXT: Final = "message_id_not_text"
MESSAGE_ID_TOO_LONG: Final = "message_id_too_long"
ACTION_MISSING: Final = "action_missing"
PAYLOAD_MISSING: Final = "payload_missing"
PAYLOAD_NOT_OBJECT: Final = "payload_not_object"
EXTRA_ELEMENTS: Final = "extra_elements"

# --- the conversation
ACTION_UNKNOWN: Final = "action_unknown"
OTHER_VERSION: Final = "other_version"
ANSWER_UNEXPECTED: Final = "answer_unexpected"
MESSAGE_REPEATED: Final = "message_repeated"
DECODE_FAILED: Final = "decode_failed"

# --- values
STATUS_MISSING: Final = "status_missing"
STATUS_UNKNOWN: Final = "status_unknown"
STATUS_SPELLING: Final = "status_spelling"
ERROR_CODE_MISSING: Final = "error_code_missing"
ERROR_CODE_UNKNOWN: Final = "error_code_unknown"
ERROR_CODE_OCPP15: Final = "error_code_ocpp15"
CONNECTOR_MISSING: Final = "connector_missing"
CONNECTOR_OUT_OF_RANGE: Final = "connector_out_of_range"
EVSE_ZERO: Final = "evse_zero"
VENDOR_EMPTY: Final = "vendor_empty"
BOOT_FIELD_INVALID: Final = "boot_field_invalid"
MEMBER_INVALID: Final = "member_invalid"
ANSWER_INVALID: Final = "answer_invalid"
TOKEN_MISSING: Final = "token_missing"
TRANSACTION_ID_LOST: Final = "transaction_id_lost"
TRANSACTION_ID_NONE: Final = "transaction_id_none"
TRANSACTION_ID_OUT_OF_RANGE: Final = "transaction_id_out_of_range"
EVENT_TYPE_UNKNOWN: Final = "event_type_unknown"
EVENT_DATA_UNREADABLE: Final = "event_data_unreadable"
TRANSACTION_ID_REUSED: Final = "transaction_id_reused"
EVSE_TWO_TRANSACTIONS: Final = "evse_two_transactions"
EVENT_AFTER_END: Final = "event_after_end"
SEQUENCE_GAP: Final = "sequence_gap"
SEQUENCE_REPEATED: Final = "sequence_repeated"

# --- time stamps
TIMESTAMP_MISSING: Final = "timestamp_missing"
TIMESTAMP_UNREADABLE: Final = "timestamp_unreadable"
TIMESTAMP_IMPOSSIBLE: Final = "timestamp_impossible"
TIMESTAMP_FORMAT: Final = "timestamp_format"
TIMESTAMP_NO_ZONE: Final = "timestamp_no_zone"
TIMESTAMP_LOCAL_AS_UTC: Final = "timestamp_local_as_utc"
TIMESTAMP_FUTURE: Final = "timestamp_future"
TIMESTAMP_LATE: Final = "timestamp_late"
TIMESTAMP_STALE: Final = "timestamp_stale"

# --- numbers and meters
NUMBER_UNREADABLE: Final = "number_unreadable"
NUMBER_PADDED: Final = "number_padded"
NUMBER_EXPONENT: Final = "number_exponent"
NUMBER_DECIMAL_COMMA: Final = "number_decimal_comma"
NUMBER_WITH_UNIT: Final = "number_with_unit"
NUMBER_WRONG_TYPE: Final = "number_wrong_type"
METER_VALUE_MISSING: Final = "meter_value_missing"
METER_VALUE_OBJECT: Final = "meter_value_object"
SAMPLED_VALUE_OBJECT: Final = "sampled_value_object"
SAMPLED_VALUE_EMPTY: Final = "sampled_value_empty"
UNIT_UNKNOWN: Final = "unit_unknown"

ALL: Final[frozenset[str]] = frozenset(
    value for name, value in globals().items() if name.isupper() and isinstance(value, str)
)

STRICT_READERS_FAIL: Final[frozenset[str]] = frozenset(
    {
        JSON_MISSING_COMMA,
        JSON_EXTRA_COMMA,
        JSON_BROKEN,
        JSON_TRUNCATED,
        JSON_NOT_STANDARD,
        METER_VALUE_MISSING,
        SAMPLED_VALUE_EMPTY,
        MEMBER_INVALID,
    }
)
"""What a reader that follows the rules refuses as a whole: worth knowing whether the back end could read."""

UNCLOSED: Final = "only closing brackets are missing"
"""Detail of `json_truncated` where every value is whole."""
CUT_MARK: Final = "the text ends in a mark of the log's viewer"
"""Detail of `json_truncated` where the log cut the line, not the station."""
