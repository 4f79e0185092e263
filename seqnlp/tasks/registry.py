"""Registry of tasks, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class TaskInfo:
    """Names and texts of one task, and where its parts are."""

    name: str
    """`task` of its recipes."""
    noun: str
    """A run of it, with an article: "a tagger"."""
    does: str
    """Third-person clause of a model card: "gives every word of a sentence a label"."""
    example: str = 'for result in model.predict(["some text"]):\n    print(result)'
    """Python that uses a predictor named `model`, for a model card."""
    command: str = "predict"
    """Command of the command line that uses a run."""
    usage: str = "seqnlp predict RUN FILE"
    """Command line of a model card that uses a run."""
    pipeline: str = ""
    """Pipeline tag of the Hugging Face Hub; empty: it has none."""
    module: str = ""
    """Module that defines its recipe and task; empty: a plugin, which is imported already."""
    predict: str = ""
    """`module:function` behind `seqnlp predict`; empty: the predictor is asked line by line."""
    table: str = ""
    """`module:function` of the command that writes predictions beside a table; empty: none does."""
    requests: str = ""
    """Module with the `HANDLERS` of what its panel asks; empty: `predict` alone."""
    panel: str = ""
    """`module:class` of its panel in the terminal application; empty: the plain one."""


_BUILT_IN = (
    TaskInfo(
        name="tag",
        noun="a tagger",
        does="gives every word of a sentence a label",
        example='print(model.tag("The cat sat ."))',
        command="tag",
        pipeline="token-classification",
        module="seqnlp.tasks.tag.task",
        predict="seqnlp.cli.tag:predict",
        table="seqnlp.cli.tag:tag",
        requests="seqnlp.service.requests.tag",
        panel="seqnlp.tui.panels.tag:TagPanel",
    ),
    TaskInfo(
        name="classify",
        noun="a classifier",
        does="gives a text a label",
        example='print(model.classify("What a fine film !"))',
        command="classify",
        pipeline="text-classification",
        module="seqnlp.tasks.classify.task",
        predict="seqnlp.cli.classify:predict",
        table="seqnlp.cli.classify:classify",
        requests="seqnlp.service.requests.classify",
        panel="seqnlp.tui.panels.classify:ClassifyPanel",
    ),
    TaskInfo(
        name="lm",
        noun="a language model",
        does="continues a text",
        example='for token in model.generate("Once upon a time"):\n    print(token.text, end="")',
        command="generate",
        pipeline="text-generation",
        module="seqnlp.tasks.lm.task",
        predict="seqnlp.cli.generate:predict",
        table="seqnlp.cli.generate:score",
        requests="seqnlp.service.requests.lm",
        panel="seqnlp.tui.panels.lm:LmPanel",
    ),
    TaskInfo(
        name="translate",
        noun="a translator",
        does="turns a sentence into another",
        example='print(model.translate("Das ist ein Haus .").text)',
        command="translate",
        pipeline="translation",
        module="seqnlp.tasks.translate.task",
        predict="seqnlp.cli.translate:predict",
        table="seqnlp.cli.translate:translate",
        requests="seqnlp.service.requests.translate",
        panel="seqnlp.tui.panels.translate:TranslatePanel",
    ),
    TaskInfo(
        name="forecast",
        noun="a forecaster",
        does="continues a series of numbers",
        example='for series in model.forecast("series.csv"):\n    print(series.name, series.values)',
        command="forecast",
        pipeline="time-series-forecasting",
        module="seqnlp.tasks.forecast.task",
        predict="seqnlp.cli.forecast:predict",
        requests="seqnlp.service.requests.forecast",
        panel="seqnlp.tui.panels.forecast:ForecastPanel",
    ),
    TaskInfo(
        name="transcribe",
        noun="a transcriber",
        does="writes down what is said in a recording",
        example='print(model.transcribe("recording.wav").text)',
        command="transcribe",
        pipeline="automatic-speech-recognition",
        module="seqnlp.tasks.transcribe.task",
        predict="seqnlp.cli.transcribe:predict",
        requests="seqnlp.service.requests.transcribe",
        panel="seqnlp.tui.panels.transcribe:TranscribePanel",
    ),
    TaskInfo(
        name="segment",
        noun="a segmenter",
        does="splits running text into sentences, tokens and words",
        example='for sentence in model.segment("It rains. We stay."):\n    print(sentence)',
        command="segment",
        pipeline="token-classification",
        module="seqnlp.tasks.segment.task",
        predict="seqnlp.cli.segment:predict",
        requests="seqnlp.service.requests.segment",
        panel="seqnlp.tui.panels.segment:SegmentPanel",
    ),
)
_TASKS: dict[str, TaskInfo] = {info.name: info for info in _BUILT_IN}


def register(info: TaskInfo) -> None:
    """Add a task, or replace the one of this name: a plugin's that was edited."""
    _TASKS[info.name] = info


def task_info(name: str) -> TaskInfo:
    """Look up a task; an unregistered one is described by its name alone."""
    return _TASKS.get(name) or TaskInfo(name, f"a model of the task {name!r}", f"was trained for the task `{name}`")


def known_tasks() -> tuple[TaskInfo, ...]:
    """List the registered tasks, in order of registration."""
    return tuple(_TASKS.values())


def import_tasks() -> None:
    """Import every registered task, so that its recipes can be read; torch comes with them."""
    for info in known_tasks():
        if info.module:
            import_module(info.module)


def import_task(name: object) -> None:
    """Import one registered task, or all of them for another name."""
    module = _TASKS[name].module if isinstance(name, str) and name in _TASKS else ""
    if module:
        import_module(module)
    else:
        import_tasks()
