"""Documents as tables, graphs and triples, for other programs. Libraries of the extra `data` are needed
when they are used."""

from .frames import to_arrow as to_arrow
from .frames import to_csv as to_csv
from .frames import to_pandas as to_pandas
from .graph import to_networkx as to_networkx
from .rdf import to_rdf as to_rdf
from .rows import TABLES as TABLES
from .rows import to_rows as to_rows
from .schema import read_schema as read_schema
