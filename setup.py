"""What setup.cfg can't say: the training configs lie beside the package here, and in it once it is installed."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["spacy_luke*"]), "spacy_luke.configs"],
    package_dir={"spacy_luke.configs": "configs"},
)
