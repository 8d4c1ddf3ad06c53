"""One policy read for one subject: a second computation of the verdict, which tests compare with the compiled one.

Begin with ``reading``; ``explain`` is what people see of it.
"""
