"""What is wrong with a document, where, and how to mend it.

Begin with ``problems``: one problem with its place, and the base of every error of Huimin. The tables of sentences stand in
``sentences`` and the modules named after it.
"""
