"""How the model that ships with spacy_luke is made and measured. `python -m scripts --help` lists the commands;
`project.yml` calls them. None of this is in the wheel.
"""
