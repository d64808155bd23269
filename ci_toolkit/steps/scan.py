"""The scan: every platform looked into, everything found kept, the gate's verdict recorded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ci_toolkit.errors import ToolError
from ci_toolkit.files import name_in_state, write_atomically
from ci_toolkit.model.attestation import ScanAttestation
from ci_toolkit.model.gate import Baseline, evaluate, unused_ignores
from ci_toolkit.model.plan import Action
from ci_toolkit.report.findings_file import write_findings
from ci_toolkit.report.plain import plain
from ci_toolkit.state import Scan, ScanBaseline
from ci_toolkit.steps.deployed import baseline_from, label_of
from ci_toolkit.steps.scan_results import ScanResults
from ci_toolkit.steps.scan_targets import NOT_YET, Targets, flat
from ci_toolkit.steps.scanned import judgement, kept_report, left_over, recipe_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.model.attestation import Result
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.progress import Progress
    from ci_toolkit.scanners.base import Scanner, Target
    from ci_toolkit.state import ImageState, State
    from ci_toolkit.steps.baseline import Baselines
    from ci_toolkit.steps.deployed import Deployed
    from ci_toolkit.steps.quarantine import Quarantine
    from ci_toolkit.steps.scan_targets import Scannable

_UNSCANNED: Mapping[str, Any] = {
    "verdict": None,
    "platform_verdicts": {},
    "gate": None,
    "findings": None,
    "ignored": 0,
    "blocking": (),
    "scan": None,
    "code_scanning": None,
}


class ScanStep:
    """Scan images and evaluate the gate.

    The verdict is recorded, not raised. An earlier verdict is taken out of the state, by `save`, before the scanner
    is started: a scan that can't be made leaves none.
    """

    name: ClassVar[str] = "scan"

    def __init__(
        self,
        images: Sequence[Scannable],
        *,
        scanner: Scanner,
        policy: GatePolicy,
        policy_hash: str,
        policy_from: str | None = None,
        root: Path,
        workdir: Path,
        clock: Callable[[], datetime],
        progress: Progress,
        save: Callable[[State], None],
        quarantine: Quarantine | None = None,
        elsewhere: Mapping[str, Quarantine] | None = None,
        baselines: Baselines | None = None,
        partial: bool = False,
        show: Callable[[ImageFindings, ImageState, Decision], None] = lambda _findings, _image, _decision: None,
    ) -> None:
        """`root`: the config's directory, which the state's paths are relative to; `show` gets each image's result.

        `policy_from`: where the policy is from, where that isn't the config that is checked out. `elsewhere`: as
        `Targets` has it. `baselines`: None where everything found counts. `partial`: the policy is for other images,
        too.
        """
        self._images = images
        self._quarantine = quarantine
        self._scanner = scanner
        self._policy = policy
        self._policy_hash = policy_hash
        self._policy_from = policy_from
        self._root = root
        self._reports = workdir / "reports"
        self._private = workdir / "scan"
        self._targets = Targets(self._private, root, quarantine, progress, elsewhere or {})
        self._baselines = baselines
        self._partial = partial
        self._clock = clock
        self._progress = progress
        self._save = save
        self._show = show

    def plan(self, state: State) -> Sequence[Action]:
        """The scanner's commands, then one decision and one file an image."""
        images = {image.name: (image, state.image(image.name)) for image in self._images}
        targets = [target for options, image in images.values() for target in self._targets.planned(options, image)]
        commands = [
            Action(step=self.name, kind="command", summary=c.summary, image=c.image, argv=c.argv, when=c.when)
            for c in self._scanner.commands(targets, self._private)
        ]
        origin = f"by {self._policy_from}: " if self._policy_from else ""
        waiting = dict(self._targets.waiting(images.values()))
        if self._quarantine:
            looks = [self._quarantine.plan_look(self.name, name, digest) for name, digest in waiting.items()]
            commands = [*looks, *commands]
        if self._baselines:
            commands = [*self._baselines.plan(images), *commands]
        for image in self._images:
            findings = str(self._findings_file(image.name))
            commands += [
                Action(step=self.name, kind="write", summary="keep everything found", image=image.name, path=findings),
                Action(step=self.name, kind="decide", summary=f"gate: {origin}{self._policy}", image=image.name),
            ]
            if not self._policy.is_off:
                file, summary = str(self._attestation_file(image.name)), "attest the verdict"
                commands.append(Action(step=self.name, kind="write", summary=summary, image=image.name, path=file))
        if self._quarantine and not self._policy.is_off:
            refused = "the gate says no"
            commands += [self._quarantine.plan_discard(self.name, name, d, refused) for name, d in waiting.items()]
        return commands

    def run(self, state: State) -> State:
        """Scan everything with one database, then decide image by image."""
        for image in self._images:
            others = {k: v for k, v in state.image(image.name).reports.items() if not self._own_report(k)}
            state = state.with_image(image.name, **_UNSCANNED, reports=others)
        self._save(state)
        if self._policy_from:
            self._progress.info(f"the gate's policy is that of {self._policy_from}, not the checked-out config's")
        self._clear()
        try:
            targets = [
                replace(target, recipe=recipe)
                for image in self._images
                for recipe in (recipe_of(image),)
                for target in self._targets.prepare(image, state.image(image.name))
            ]
            deployed = self._deployed(state)
            for name, known in deployed.items():
                if known.place:
                    targets += self._targets.deployed(label_of(name), known.place, known.digest)
            with self._targets.checked({image.name: state.image(image.name) for image in self._images}) as whole:
                scanned = self._scanner.scan(targets, self._private, whole)
            results = ScanResults(targets=targets, scanned=scanned, scanner=self._scanner.name, at=self._clock())
            return self._record(state, results, deployed)
        finally:
            self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self._private, ignore_errors=True)

    def _deployed(self, state: State) -> dict[str, Deployed]:
        """What each image is held against. What is deployed already isn't scanned a second time."""
        if self._baselines is None:
            return {}
        found = {image.name: self._baselines.find(image.name) for image in self._images}
        return {
            name: replace(image, place=None) if image.digest == state.image(name).digest else image
            for name, image in found.items()
            if image
        }

    def _record(self, state: State, results: ScanResults, deployed: Mapping[str, Deployed]) -> State:
        decisions: dict[str, Decision] = {}
        for options in self._images:
            name, image = options.name, state.image(options.name)
            findings = results.findings(name, image.digest or NOT_YET)
            reports = self._keep(findings, results.targets_of(name))
            baseline = baseline_from(deployed.get(name), findings, results)
            reports |= self._keep_baseline(name, baseline)
            decision = evaluate(findings, self._policy, results.at.date(), scratch=options.scratch, baseline=baseline)
            decisions[name] = decision
            reports |= self._attest(findings, decision)
            state = self._decided(state, findings, decision, baseline, {**image.reports, **reports})
            self._say(findings, decision)
            self._show(findings, state.image(name), decision)
        for entry in () if self._partial else unused_ignores(self._policy, decisions):
            self._progress.warn(f"the entry for {plain(entry.label)} matched nothing: is it still needed?")
        return state

    def _decided(
        self,
        state: State,
        findings: ImageFindings,
        decision: Decision,
        baseline: Baseline | None,
        reports: Mapping[str, str],
    ) -> State:
        return state.with_image(
            findings.image,
            **judgement(findings, decision),
            scan=Scan(
                scanner=findings.scanner,
                version=findings.scanner_version,
                database_updated=findings.database_updated,
                database_repository=findings.database_repository,
                policy_hash=self._policy_hash,
                scanned_at=findings.scanned_at,
                digest=findings.digest,
                policy_from=self._policy_from,
                baseline=ScanBaseline(name=baseline.name, digest=baseline.findings.digest) if baseline else None,
            ),
            reports=reports,
        )

    def _keep(self, findings: ImageFindings, targets: Sequence[Target]) -> dict[str, str]:
        """Move the scanner's own reports to the others and write the normalised one; returns their paths.

        Reports on platforms that the image doesn't have any more are removed.
        """
        file = self._findings_file(findings.image)
        write_findings(file, findings)
        reports = {"findings": self._known_as(file)}
        for target in targets:
            kept = kept_report(file, self._scanner.name, target.platform)
            try:
                target.report.replace(kept)
            except OSError as error:
                message = f"can't keep {kept}: {error.strerror}"
                raise ToolError(message) from error
            reports[f"{self._scanner.name} {target.platform}"] = self._known_as(kept)
        for gone in left_over(file, self._scanner.name, [target.platform for target in targets]):
            gone.unlink(missing_ok=True)
        return reports

    def _keep_baseline(self, name: str, baseline: Baseline | None) -> dict[str, str]:
        file = self._baseline_file(name)
        if baseline is None:
            file.unlink(missing_ok=True)
            return {}
        write_findings(file, baseline.findings)
        return {"baseline": self._known_as(file)}

    def _attest(self, findings: ImageFindings, decision: Decision) -> dict[str, str]:
        """Write the verdict as a statement that can be signed, attached to the image, and asked for at a promotion."""
        file = self._attestation_file(findings.image)
        if decision.verdict == "none":
            return {}
        result: Result = "PASSED" if decision.verdict == "pass" else "FAILED"
        attestation = ScanAttestation(digest=findings.digest, result=result, policy_hash=self._policy_hash)
        text = json.dumps(attestation.as_json(findings.image), indent=2) + "\n"
        write_atomically(file, text.encode())
        return {"attestation": self._known_as(file)}

    def _say(self, findings: ImageFindings, decision: Decision) -> None:
        if decision.baseline:
            known = len({finding.key for p in decision.platforms.values() for finding in p.deployed})
            would_block = "finding that would block is" if known == 1 else "findings that would block are"
            held = f"{findings.image} is held against {plain(decision.baseline)}"
            self._progress.info(f"{held}: {known} {would_block} deployed already")
        for name, platform in decision.platforms.items():
            for reason in platform.reasons:
                self._progress.info(f"{findings.image} {name} is refused: {plain(reason)}")
            for warning in platform.warnings:
                self._progress.warn(f"{findings.image} {name}: {plain(warning)}")
        for warning in decision.warnings:
            self._progress.warn(f"{findings.image}: {plain(warning)}")

    def _own_report(self, name: str) -> bool:
        """True for a report that an earlier scan made, or that was made from one."""
        of_an_image = ("findings", "baseline", "attestation", "sarif", "html", "container-scanning", "code-quality")
        return name in of_an_image or name.startswith((f"{self._scanner.name} ", "cyclonedx ", "spdx "))

    def _findings_file(self, image: str) -> Path:
        return self._reports / flat(image) / "findings.json"

    def _baseline_file(self, image: str) -> Path:
        return self._reports / flat(image) / "baseline.json"

    def _attestation_file(self, image: str) -> Path:
        return self._reports / flat(image) / "attestation.json"

    def _known_as(self, path: Path) -> str:
        return name_in_state(path, self._root, self._reports.parent)
