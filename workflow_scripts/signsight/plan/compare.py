"""What is made of a comparison of finished experiments, and what each of its jobs depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signsight.config.choices import MASKING, TRANSFORMS
from signsight.core.registry import methods
from signsight.data.experiment import Experiment

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

PARTS = ("geometry", "stickers", "background", "masking")  # what robustness is measured with
TARGETS = ("test", "stock", "user_stock")
Group = tuple[str, str, str]  # kind, target, method


class Compare:
    """The experiments that a run compares.

    Which files they have is looked up when it is asked for, so that a run without a comparison looks
    at none.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folders: dict[str, str] = plan.config["compare"]
        self.wanted = bool(self.folders)

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Label -> experiment; differences are from the first one."""
        return {label: Experiment(folder) for label, folder in self.folders.items()}

    # what all of them have

    def _common(self, names: Mapping[str, Iterable[str]]) -> list[str]:
        """The names that every experiment has, in the order of the first one."""
        if not names:
            return []
        first, *others = map(list, names.values())
        return [name for name in first if all(name in other for other in others)]

    @cached_property
    def methods(self) -> list[str]:
        """The methods whose maps are compared, in the order of their declarations, variants last.

        Controls are left out: they do not look at the network.
        """
        names = self._common({label: one.maps for label, one in self.experiments.items()})
        return self._ordered(name for name in names if name not in self.controls)

    def _ordered(self, names: Iterable[str]) -> list[str]:
        """Methods in the order of their declarations, variants last."""
        return sorted(names, key=lambda m: (m not in methods, methods.order(m) if m in methods else (m, 0)))

    @cached_property
    def controls(self) -> list[str]:
        """The methods of any experiment that do not look at the network."""
        names = {name for one in self.experiments.values() for name in one.maps}
        return sorted(m for m in names if m in methods and methods.about(m)["needs"] == "nothing")

    @property
    def labels(self) -> dict[str, str]:
        """Method that some experiment has -> its label; of a variant, that of its method and the rest."""
        found = {}
        for name in {name for one in self.experiments.values() for name in one.maps}:
            known = [m for m in methods.names() if name == m or name.startswith(f"{m}_")]
            base = max(known, key=len, default="")
            label = methods.about(base)["label"] if base else ""
            found[name] = f"{label}{name.removeprefix(base).replace('_', ' ')}".strip() or name
        return dict(sorted(found.items()))

    @cached_property
    def values(self) -> dict[str, dict[str, dict[str, str]]]:
        """Metric -> label -> method -> file of answers, of metrics and methods that all have."""
        names = self._common({label: one.values for label, one in self.experiments.items()})
        found = {}
        for metric in names:
            own = {label: one.values[metric] for label, one in self.experiments.items()}
            common = self._ordered(self._common(own))
            if common:
                found[metric] = {label: {m: files[m] for m in common} for label, files in own.items()}
        return found

    @cached_property
    def metrics(self) -> dict[str, dict[str, dict[str, str]]]:
        """The same without the masking of grid cells, which is part of the robustness."""
        tables = self.of_each("tables/metrics.csv").values()
        if not all(Path(file).is_file() for file in tables):
            return {}
        return {metric: files for metric, files in self.values.items() if metric != MASKING}

    @cached_property
    def groups(self) -> dict[str, dict[Group, dict[str, list[str]]]]:
        """Part of the robustness -> group of sets -> label -> files, of the groups that all have."""
        found: dict[str, dict[Group, dict[str, list[str]]]] = {part: {} for part in PARTS}
        for kind in (*TRANSFORMS, "background"):
            own = {label: list(one.scores(kind).values()) for label, one in self.experiments.items()}
            if own and all(own.values()):
                found["geometry" if kind in TRANSFORMS else kind][kind, "test", ""] = own
        stickers = {label: one.scores("stickers") for label, one in self.experiments.items()}
        names = [name.split("-", 1) for name in self._common(stickers)]
        for target, method in sorted(names, key=lambda pair: TARGETS.index(pair[0])):
            name = f"{target}-{method}"
            found["stickers"]["stickers", target, method] = {k: [one[name]] for k, one in stickers.items()}
        masked = self.values.get(MASKING, {})
        for method in next(iter(masked.values()), {}):
            own = {label: [files[method]] for label, files in masked.items()}
            found["masking"]["masking", "test", method] = own
        return {part: groups for part, groups in found.items() if groups}

    @property
    def listed_groups(self) -> list[list[Any]]:
        """The same as [part, kind, target, method, files by label], as the params of a job can hold it."""
        return [[part, *group, files] for part, own in self.groups.items() for group, files in own.items()]

    @cached_property
    def targets(self) -> list[str]:
        """The sets of untouched pictures: the test images, and stock pictures that got stickers."""
        used = {target for groups in self.groups.values() for _, target, _ in groups} | {"test"}
        return [target for target in TARGETS if target in used]

    # files

    def matched(self, target: str) -> str:
        """The file that says where the same images stand in the experiments."""
        return f"{self.plan.root}/matched_images/{target}.npz"

    def sets(self, target: str) -> dict[str, dict[str, str]]:
        """Label -> files of the untouched pictures."""
        return {label: one.image_set(target) for label, one in self.experiments.items()}

    def of_each(self, name: str) -> dict[str, str]:
        """Label -> a file of the experiment."""
        return {label: one.file(name) for label, one in self.experiments.items()}

    def indices(self, target: str) -> dict[str, str]:
        """Label -> index of the untouched pictures."""
        return {label: files["index"] for label, files in self.sets(target).items()}

    def maps(self, method: str) -> dict[str, str]:
        """Label -> maps of a method."""
        return {label: one.maps[method] for label, one in self.experiments.items()}

    def likenesses(self, method: str) -> str:
        """How alike the maps of a method are."""
        return f"{self.plan.root}/map_similarity/{method}/values.npz"

    def named(self, names: Iterable[str]) -> dict[str, str]:
        """Name of a table, as 'compared_accuracy' -> its file."""
        return {f"compared_{name}": f"{self.plan.root}/tables/compared_{name}.csv" for name in names}

    @cached_property
    def robustness(self) -> dict[str, str]:
        """The tables of the robustness."""
        return self.named([*self.groups, "losses"]) if self.groups else {}

    @cached_property
    def tables(self) -> dict[str, str]:
        """Name of a table -> its file."""
        if not self.wanted:
            return {}
        found = self.answers | self.robustness
        found |= self.named(["maps"]) if self.methods else {}
        return found | (self.measured if self.metrics else {})

    @property
    def answers(self) -> dict[str, str]:
        """The tables of the test images as they are."""
        return self.named(["networks", "accuracy", "answers", "classes"])

    @property
    def measured(self) -> dict[str, str]:
        """The tables of the metrics."""
        return self.named(["metrics", "rankings", "left_out"])

    @property
    def images(self) -> int | None:
        """How many images the maps are compared on; None for all."""
        asked = self.plan.config["evaluation"]["images"]
        return None if asked == "all" else asked

    @property
    def pictures(self) -> str:
        """The pictures that some networks recognise and others do not."""
        return f"{self.plan.root}/disagreements/pictures.npz"

    @property
    def artefacts(self) -> dict[str, str]:
        """What its figures are drawn from."""
        return self.tables | ({"disagreements": self.pictures} if self.wanted else {})

    @property
    def shown_method(self) -> str | None:
        """The method whose maps stand beside those pictures: the first one."""
        return next(iter(self.methods), None)

    @property
    def shown_maps(self) -> dict[str, str]:
        """Label -> its maps; none where the experiments have no method in common."""
        return self.maps(self.shown_method) if self.shown_method else {}

    @property
    def signed(self) -> bool | None:
        """Whether those maps have a sign; None where their method is not known here."""
        known = self.shown_method in methods
        return bool(methods.about(str(self.shown_method))["signed"]) if known else None

    @property
    def apart(self) -> list[list[str]]:
        """What some experiments have and others do not: [what, its names, the experiments that have them]."""
        rows = []
        for what, names in self._measured().items():
            owners: dict[tuple[str, ...], list[str]] = {}
            for name in dict.fromkeys(one for own in names.values() for one in own):
                having = tuple(label for label, own in names.items() if name in own)
                if len(having) < len(names):
                    owners.setdefault(having, []).append(name)
            rows += [[what, ", ".join(own), ", ".join(having)] for having, own in owners.items()]
        return rows

    def _measured(self) -> dict[str, dict[str, list[str]]]:
        """What -> label -> names of what an experiment has."""
        kinds = (*TRANSFORMS, "stickers", "background")
        each = self.experiments.items()
        return {
            "Methods": {label: list(one.maps) for label, one in each},
            "Metrics": {label: list(one.values) for label, one in each},
            "Changed pictures": {label: [k for k in kinds if one.scores(k)] for label, one in each},
        }

    @property
    def documents(self) -> list[str]:
        """The documents of the explorer, where every experiment has one."""
        files = list(self.of_each("explorer/document.zip").values())
        return files if all(Path(file).is_file() for file in files) else []

    @property
    def figures(self) -> list[str]:
        """The figures that are drawn of it."""
        drawn = self.plan.drawn_figures
        named = [name for name in drawn.names if set(drawn.inputs(name)) & set(self.artefacts)]
        return [file for name in named for file in drawn.files(name)]

    @property
    def made(self) -> list[str]:
        """All that the stage makes."""
        return [*self.tables.values(), *self.figures] if self.wanted else []
