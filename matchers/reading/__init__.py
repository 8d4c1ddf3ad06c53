"""One policy read for one subject, in words: the second way to a verdict, held equal to the compiled one by the tests.

Begin with ``reading``; ``explain`` is what people see of it.
"""
