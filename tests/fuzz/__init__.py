"""The readers, given bytes that nobody meant: the same targets for a short run among the tests
(`test_readers.py`) and for a long one, guided by coverage (`script/fuzz`)."""
