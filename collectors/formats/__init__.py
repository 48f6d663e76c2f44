"""Log formats that other systems write: each module reads one of them to the records of `collectors.logfile`.

Every reader is pure: bytes in, `LogRecord` or `BadLine` out, nothing raised for what a file holds.
"""
