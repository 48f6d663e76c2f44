"""Log formats that other systems write: each module reads one to the records of `collectors.logs.logfile`.

Every reader is pure: bytes in, `LogRecord` or `BadLine` out, nothing raised for what a file holds.
"""
