"""
The same requests at one real pod and at the top region over two of them, and the answers compared.
"""
