"""What bytes that cannot be decoded may raise: more than msgspec says of itself."""

import msgspec

NOT_DECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""For text that is no UTF-8, and for lists in lists without end, Python's own errors come out."""
