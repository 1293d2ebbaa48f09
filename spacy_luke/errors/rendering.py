"""Messages of what is drawn: L63x and W61x."""


class RenderingErrors:
    """Messages of exceptions."""

    L631 = "There is no style {value!r}. Choose one of {allowed}."
    L632 = "There is no option {value!r}. Choose among {allowed}."
    L633 = "The option {name!r} is {value!r}, but it has to be {allowed}."
    L634 = (
        "The colour of {label!r} is {value!r}. Write it as a name, such as 'teal', or as '#0072b2', "
        "'rgb(0, 114, 178)' or 'hsl(202, 100%, 35%)'."
    )
    L635 = (
        "The entry point {name!r} of displacy_colors gives {value!r}. It has to be a dict of colours by label, or a "
        "function that returns one."
    )
    L636 = "A Doc, a Span or a dict with a text can be drawn, not {value!r}. To draw several, pass a list of them."
    L637 = "This can't be drawn: {found}, in the dict of the text {text!r}. docs/RENDER.md lists what a dict may hold."
    L638 = (
        "jupyter=True shows the figure in a notebook, but IPython, which does that, is not installed. Run this in a "
        "notebook, or leave jupyter out: then you get the HTML."
    )
    L639 = "The plots of a report need matplotlib. Install the extra: pip install 'spacy_luke[viz]'."
    L640 = (
        "The pipeline has no component {name} that a report can be made of: it has {found}. Of these, components on "
        "entities: {allowed}."
    )
    L641 = (
        "{path} has no gold entities or relations that the component could be right about. Pass documents with "
        "doc.ents or doc._.luke_relations, saved with DocBin(store_user_data=True)."
    )
    L642 = (
        "{path} is no log of a training. Train with the logger spacy.ConsoleLogger.v3, and pass what its setting "
        "output_file names."
    )
