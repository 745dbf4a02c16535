"""The limits of an exclusion set, and who falls out by others, before they are applied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLineEdit

from ifllm_desktop.analysis.audit_rows import session_name
from ifllm_desktop.analysis.exclusions import Preview, preview
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.domain.exclusions import ExclusionRule, ExclusionSet
from ifllm_desktop.ui.audit_words import rule_words
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import column, frame, label, row, set_role
from ifllm_desktop.ui.widgets_button import Button

MAX_NAMES = 6
NUMBERS = ("max_error_deg", "max_loss", "min_rate_hz", "max_drift_deg", "min_score")
SWITCHES = ("needs_gaze", "needs_validation", "no_simulated")
PERCENT = ("max_loss",)
"""Shown in %, kept as shares of 1."""


class LimitsPanel(QFrame):
    """Rule of a set as a line of fields; an empty field switches a limit off.

    Attributes
    ----------
    applied : Signal(str, object)
        Name of the set (a new name makes a new set) and its rule.
    closed : Signal()
    """

    applied = Signal(str, object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("audit_limits_panel")
        self.setProperty("surface", "header")
        self._set = ExclusionSet("main")
        self._qualities: Sequence[SessionQuality] = ()
        self._limits = QualityLimits()
        self.name = QLineEdit()
        self.name.setObjectName("audit_limit_name")
        self.fields = {name: QLineEdit() for name in NUMBERS}
        self.switches = {name: QCheckBox() for name in SWITCHES}
        self.says = label("", "small", wrap=True, name="audit_limits_preview")
        self.apply = Button(self.tr("Apply"), "primary", key="Enter", height_px=28, name="audit_limits_apply")
        self.apply.clicked.connect(self._apply)
        self.cancel = Button(self.tr("Close"), key="Esc", height_px=28, name="audit_limits_close")
        self.cancel.clicked.connect(self.closed)
        buttons = row(self.says, self.cancel, self.apply, spacing=8)
        buttons.setStretch(0, 1)
        self.setLayout(column(frame("plain", self._line()), buttons, spacing=8, margins=(16, 8, 12, 8)))

    def _line(self) -> QGridLayout:
        heads = {
            "max_error_deg": self.tr("Error up to, deg"), "max_loss": self.tr("Loss up to, %"),
            "min_rate_hz": self.tr("At least, Hz"), "max_drift_deg": self.tr("Drift up to, deg"),
            "min_score": self.tr("Quality from"),
        }  # fmt: skip
        switches = {
            "needs_gaze": self.tr("Leave out without consent to gaze"),
            "needs_validation": self.tr("Leave out without validation"),
            "no_simulated": self.tr("Leave out simulated"),
        }
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.addWidget(label(self.tr("Name of the set"), "caption"), 0, 0)
        grid.addWidget(self.name, 1, 0)
        self.name.setAccessibleName(self.tr("Name of the set; another name makes a new set"))
        self.name.setToolTip(self.name.accessibleName())
        self.name.textChanged.connect(lambda _text: self._preview())
        for number, (name, field) in enumerate(self.fields.items(), start=1):
            field.setObjectName(f"audit_limit_{name}")
            field.setAccessibleName(heads[name])
            field.setPlaceholderText(self.tr("off"))
            field.setMinimumWidth(current_theme().px(70))
            field.textChanged.connect(lambda _text: self._preview())
            grid.addWidget(label(heads[name], "caption"), 0, number)
            grid.addWidget(field, 1, number)
            grid.setColumnStretch(number, 1)
        grid.setColumnStretch(0, 2)
        for number, (name, switch) in enumerate(self.switches.items()):
            switch.setText(switches[name])
            switch.setObjectName(f"audit_limit_{name}")
            switch.toggled.connect(lambda _on: self._preview())
            grid.addWidget(switch, 2, 2 * number, 1, 2)
        return grid

    # ---- what is shown
    def show_set(
        self, chosen: ExclusionSet, qualities: Sequence[SessionQuality], limits: QualityLimits
    ) -> None:
        """Show the rule of a set over these sessions."""
        self._set, self._qualities, self._limits = chosen, qualities, limits
        rule = chosen.rule or ExclusionRule()
        widgets = (self.name, *self.fields.values(), *self.switches.values())
        for widget in widgets:
            widget.blockSignals(True)
        self.name.setText(chosen.name)
        for name, field in self.fields.items():
            value = getattr(rule, name)
            field.setText("" if value is None else f"{100 * value if name in PERCENT else value:g}")
        for name, switch in self.switches.items():
            switch.setChecked(bool(getattr(rule, name)))
        for widget in widgets:
            widget.blockSignals(False)
        self._preview()

    def rule(self) -> ExclusionRule | None:
        """The rule as it stands in the fields; None while one of them holds no number."""
        values: dict[str, float | bool | None] = {}
        for name, field in self.fields.items():
            text = field.text().strip().replace(",", ".").removesuffix("%").removesuffix("°").strip()
            if not text:
                values[name] = None
                continue
            try:
                value = float(text)
            except ValueError:
                return None
            if not (math.isfinite(value) and value >= 0):
                return None
            values[name] = value / 100 if name in PERCENT else value
        values.update({name: switch.isChecked() for name, switch in self.switches.items()})
        return ExclusionRule(**values)  # type: ignore[arg-type]

    def _preview(self) -> None:
        rule, name = self.rule(), self.name.text().strip()
        is_new = name != self._set.name
        changed = is_new or rule != self._set.rule
        self.apply.setEnabled(rule is not None and bool(name) and changed)
        self.apply.setText(self.tr("Make set") if is_new else self.tr("Apply"))
        set_role(self.says, "small")
        if rule is None or not name:
            set_role(self.says, "warning")
            self.says.setText(
                self.tr("Limits are numbers; leave a field empty to switch it off.")
                if name else self.tr("A set needs a name.")
            )  # fmt: skip
            return
        self.says.setText(self._words(preview(self._set, rule, self._qualities, self._limits), changed))

    def _words(self, found: Preview, changed: bool) -> str:
        names = {q.session_id: session_name(q) for q in self._qualities}
        n_out = sum(not d.included for d in found.decisions.values())
        said = [self.tr("{n} of {all} sessions out").format(n=n_out, all=len(found.decisions))]
        if found.counts:
            parts = (f"{rule_words(c.code)} {c.n}" for c in found.counts)
            said[0] += f" ({', '.join(parts)})"
        if found.newly_out:
            said.append(
                self.tr("Falls out: {names}").format(names=self._listed(found.newly_out, found, names))
            )
        if found.newly_in:
            said.append(
                self.tr("Comes back: {names}").format(names=self._listed(found.newly_in, found, names))
            )
        if changed and not (found.newly_out or found.newly_in):
            said.append(self.tr("Nobody falls out or comes back"))
        return ".  ".join(said) + "."

    def _listed(self, ids: Sequence[str], found: Preview, names: Mapping[str, str]) -> str:
        parts = []
        for session_id in ids[:MAX_NAMES]:
            rules = ", ".join(rule_words(code) for code in found.decisions[session_id].rules)
            included = found.decisions[session_id].included
            parts.append(f"{names[session_id]} ({rules})" if rules and not included else names[session_id])
        rest = len(ids) - MAX_NAMES
        return ", ".join(parts) + (self.tr(" and {n} more").format(n=rest) if rest > 0 else "")

    # ---- keys
    def _apply(self) -> None:
        rule = self.rule()
        if rule is not None and self.apply.isEnabled():
            self.applied.emit(self.name.text().strip(), rule)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._apply()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            event.ignore()
