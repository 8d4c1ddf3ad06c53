"""All that numba compiles: the matrix's rows and indexes, and the interpreter of programs.

Begin with ``records`` (what a row is), or with ``operations`` (what a program is made of) and ``interpreter`` (which runs it).
"""
