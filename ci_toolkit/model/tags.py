"""Tag rules: rules and a context in, tags out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from ci_toolkit.errors import UsageError
from ci_toolkit.model import tags_template
from ci_toolkit.model.tags_facts import Facts
from ci_toolkit.model.tags_immutable import holds
from ci_toolkit.model.tags_reading import Reading, SkipRule, skip
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.tags_facts import When
    from ci_toolkit.model.version import Scheme


@dataclass(frozen=True, slots=True)
class TagRule:
    """A template such as `sha-{sha:7}`, and the conditions under which it applies."""

    tag: str
    when: When | None = None
    timezone: str = "UTC"
    branch: str | None = None
    """A glob: the rule is for branches of these names alone."""
    match: str | None = None
    """A regular expression on the git tag, for `{match}`; its first group is where the version stands."""
    source: str | None = None
    """A text in the git tag's place, to read the version from; it may hold fields, such as `{branch}`."""
    scheme: Scheme | None = None
    """Which versions count as such; None: whatever looks like one."""
    enable: bool = True
    priority: int = 0
    """Rules of a higher one go first; within one, the order in which they are written."""


@dataclass(frozen=True, slots=True)
class Flavor:
    """What all tags of an image have in common. Prefix and suffix may hold fields."""

    latest: bool | Literal["auto"] = False
    """`auto`: where one of the rules gives the highest version."""
    prefix: str = ""
    suffix: str = ""
    on_latest: bool = False
    """The `latest` that is added gets prefix and suffix too."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What the rules gave: tags in the rules' order, each once; the rules that gave none, with the reason."""

    tags: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    """The first rule's that says one; where none does, the git tag's or the version file's."""
    moving: tuple[str, ...] = ()
    """Those that a later run may give to another image: nothing in their template stands for one revision alone."""
    immutable: tuple[str, ...] = ()
    """Those that an entry of `immutable-tags` holds in their place; never among the moving ones."""


NO_FLAVOR = Flavor()
_LATEST = "latest"


def check_rule(rule: TagRule) -> None:
    """Raise UsageError for a rule that could never be followed: its template, time zone or pattern."""
    tags_template.check_template(rule.tag)
    tags_template.timezone(rule.timezone)
    _check_source(rule.source or "")
    group = tags_template.highest_group(rule.tag)
    if group is not None and rule.match is None:
        message = f"tag template {rule.tag[:140]!r}: the rule has no `match`"
        raise UsageError(message, hint="add a pattern for the git tag, such as match: ^backend-v(.+)$")
    if rule.match is not None:
        from ci_toolkit.model.linear_pattern import LinearPattern

        groups = LinearPattern(rule.match).groups
        if group is not None and group > groups:
            message = f"tag template {rule.tag[:140]!r}: the pattern has {groups} groups, and none of number {group}"
            raise UsageError(message, hint="put what the tag needs into ( ) in `match`")


def plan_tags(
    rules: Sequence[TagRule],
    context: CiContext,
    version: str | None,
    now: datetime,
    *,
    flavor: Flavor = NO_FLAVOR,
    immutable: Sequence[str] = (),
) -> Tags:
    """The tags of one image, or of one environment. `version` is the git tag's or the version file's.

    `now` has a time zone. `immutable` are globs and tag templates; an entry with a field holds for what it gives now.
    Raises UsageError for a rule that `check_rule` refuses, and if no rule gives a tag.
    """
    plan = _Plan(context, version, now, immutable)
    for rule in sorted(rules, key=lambda rule: -rule.priority):
        plan.follow(rule, f"{flavor.prefix}{rule.tag}{flavor.suffix}")
    if plan.tags and flavor.latest:
        plan.add_latest(flavor)
    if not plan.tags:
        reasons = "; ".join(f"{rule!r}: {reason}" for rule, reason in plan.skipped.items())
        message = f"no tag rule applies: {reasons or 'there are none'}"
        raise UsageError(message, hint="add a rule that always gives one: sha-{sha:7} in a repository, or a word")
    return plan.result()


def _check_source(source: str) -> None:
    tags_template.check_fields(source)
    if any(name.startswith(("version", "match")) for name in tags_template.fields(source)):
        message = f"the version can't be read from itself: {source[:140]!r}"
        raise UsageError(message, hint="name another field, such as {branch}, or a text")


class _Plan:
    """The tags so far."""

    def __init__(self, context: CiContext, version: str | None, now: datetime, immutable: Sequence[str]) -> None:
        known = Version.parse(version) if version else None
        self.tags: dict[str, bool] = {}
        """Each with whether it moves."""
        self.skipped: dict[str, str] = {}
        self._kept: set[str] = set()
        self._context = context
        self._now = now
        self._immutable = immutable
        self._known = known.text if known else None
        self._deciding: TagRule | None = None
        self._version: str | None = None

    def follow(self, rule: TagRule, template: str) -> None:
        """Add the rule's tag, or the reason why there is none. `template` is the rule's with the image's flavor."""
        check_rule(rule)
        try:
            if not rule.enable:
                skip("it is switched off")
            facts = self._facts(rule)
            facts.require(rule.when, rule.branch)
            self._add(facts, template)
        except SkipRule as reason:
            self.skipped[self._name(rule)] = str(reason)
            return
        if self._deciding is None and tags_template.names_version(rule.tag):
            self._deciding, self._version = rule, facts.stated_version()

    def _name(self, rule: TagRule) -> str:
        """The rule in words of its own: the template, and where several share it what else it says."""
        conditions = {"when": rule.when, "match": rule.match, "branch": rule.branch, "from": rule.source}
        told = ", ".join(f"{key}: {value}" for key, value in conditions.items() if value is not None)
        return rule.tag if rule.tag not in self.skipped else f"{rule.tag} ({told or 'again'})"

    def add_latest(self, flavor: Flavor) -> None:
        """Add `latest`: always, or where the version that the tags say is the highest."""
        template = f"{flavor.prefix}{_LATEST}{flavor.suffix}" if flavor.on_latest else _LATEST
        deciding = self._deciding
        if flavor.latest == "auto" and deciding is None:
            self.skipped[template] = "no tag says a version"
        elif flavor.latest == "auto" and deciding:
            same = replace(deciding, tag=template, when="highest-version", branch=None)
            self.follow(same, template)
        else:
            self.follow(TagRule(template), template)

    def result(self) -> Tags:
        """Everything that was found."""
        return Tags(
            tuple(self.tags),
            self.skipped,
            self._version or self._known,
            moving=tuple(tag for tag, moves in self.tags.items() if moves and tag not in self._kept),
            immutable=tuple(tag for tag in self.tags if tag in self._kept),
        )

    def _facts(self, rule: TagRule) -> Facts:
        zone = tags_template.timezone(rule.timezone)
        plain = Facts(self._context, self._now, zone, Reading(rule.scheme, rule.match, None), self._known)
        if rule.source is None:
            return plain
        return replace(plain, reading=Reading(rule.scheme, rule.match, tags_template.filled(rule.source, plain.value)))

    def _add(self, facts: Facts, template: str) -> None:
        whole = tags_template.filled(template, facts.value)
        tag = tags_template.sanitised(whole)
        if not tag:
            skip("nothing is left of it but characters that no tag starts with")
        # What was cut may have been the very part that told one revision from another.
        moves = not tags_template.is_fixing(template) or len(whole) > tags_template.LONGEST
        self.tags[tag] = self.tags.get(tag, False) or moves
        if any(holds(entry, tag, facts.value) for entry in self._immutable):
            self._kept.add(tag)
