"""Where records are fetched from: a drop folder, a database (SQL over ADBC), a server of files (SFTP).

Begin with ``ways_in``, the document that says which. Nothing here takes records in: ``services.deliveries`` does, as it does any file.
"""
