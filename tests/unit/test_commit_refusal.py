"""The words of git and of servers, and what they mean."""

from __future__ import annotations

import pytest

from ci_toolkit.commits.refusal import refusal_of
from ci_toolkit.process import Completed

REJECTED = "!\tabc:refs/heads/main\t[{}] ({})\nDone\n"
MOVED = [
    ("rejected", "fetch first"),
    ("rejected", "non-fast-forward"),
    ("rejected", "stale info"),
    ("remote rejected", "failed to update ref"),
    ("remote rejected", "incorrect old value provided"),
    ("remote rejected", "cannot lock ref 'refs/heads/main': is at " + "a" * 40 + " but expected " + "b" * 40),
]


@pytest.mark.parametrize(("kind", "reason"), MOVED)
def test_a_branch_that_moved(kind: str, reason: str) -> None:
    refusal = refusal_of(Completed(("git",), 1, REJECTED.format(kind, reason), "error: failed to push some refs\n"))
    assert refusal.kind == "moved"
    assert refusal.is_passing
    assert reason in refusal.said


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("remote: error: GH006: Protected branch update failed for refs/heads/main.", "protected"),
        ("remote: error: GH013: Repository rule violations found for refs/heads/main.", "protected"),
        ("remote: GitLab: You are not allowed to push code to protected branches on this project.", "protected"),
        ("! [remote rejected] main -> main (protected branch hook declined)", "protected"),
        ("fatal: Authentication failed for 'https://github.com/acme/app.git/'", "denied"),
        ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", "denied"),
        ("remote: Permission to acme/app.git denied to github-actions[bot].", "denied"),
        ("git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.", "denied"),
        ("remote: Write access to repository not granted.", "denied"),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", "denied"),
        ("remote: HTTP Basic: Access denied", "denied"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "away"),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503", "away"),
        ("remote: Internal Server Error", "away"),
        ("send-pack: unexpected disconnect while reading sideband packet", "away"),
        ("remote: no commits on a Friday\n! [remote rejected] main (pre-receive hook declined)", "other"),
        ("fatal: 'nowhere' does not appear to be a git repository", "other"),
    ],
)
def test_what_a_server_says(said: str, kind: str) -> None:
    refusal = refusal_of(Completed(("git",), 1, "", f"{said}\nhint: see the manual\n"))
    assert refusal.kind == kind
    assert refusal.is_passing == (kind == "away")
    assert refusal.hint
    assert "see the manual" not in refusal.said


RULES = {
    "! [remote rejected] main -> main (refusing to allow a GitHub App to create or update workflow "
    "`.github/workflows/ci.yml` without `workflows` permission)": ("denied", "workflows: write"),
    "! [remote rejected] main -> main (refusing to allow a Personal Access Token to create or update workflow "
    "`.github/workflows/ci.yml` without `workflow` scope)": ("denied", "scope `workflow`"),
    "GitLab: You are not allowed to push code to this project.": ("denied", "Job token permissions"),
    "GitLab: You are not allowed to upload code for this project.": ("denied", "write access"),
    "GitLab: This deploy key does not have write access to this project.": ("denied", "deploy key write access"),
    "GitLab: The project you were looking for could not be found or you don't have permission to view it.": (
        "denied",
        "GITLAB_TOKEN",
    ),
    "GitLab: You can't push code to an archived project.": ("denied", "archive"),
    "GitLab: You are not allowed to push code to protected branches on this project.": ("protected", "pull-request"),
    "GitLab: You are not allowed to force push code to a protected branch on this project.": (
        "protected",
        "Protected branches",
    ),
    "GitLab: Author 'bot@example.com' is not a member of team": ("rule", "commit.author"),
    "GitLab: You cannot push commits for 'bot@example.com'. You can only push commits if the committer email is one "
    "of your own verified emails.": ("rule", "commit.author"),
    "GitLab: Committer's email 'bot@example.com' does not follow the pattern '@acme'": ("rule", "commit.author"),
    "GitLab: Commit message does not follow the pattern 'JIRA-[0-9]+'": ("rule", "commit.message"),
    "GitLab: Commit message contains the forbidden pattern 'deploy'": ("rule", "commit.message"),
    "GitLab: Branch name 'ci-toolkit/pin/main' does not follow the pattern '^feature/'": ("rule", "request-prefix"),
    "GitLab: Commit must be signed with a GPG key": ("rule", "commit.signing"),
    "GitLab: File name deploy/app.yaml was prohibited by the pattern 'yaml$'.": ("rule", "limits"),
    'GitLab: File "deploy/app.yaml" is larger than the allowed size of 1 MB': ("rule", "limits"),
    "GitLab: Your push to this repository has been rejected because this repository has exceeded its size limit of "
    "10 MB by 1 MB.": ("rule", "limits"),
    "PUSH BLOCKED: Secrets detected in code changes": ("rule", "secret"),
    "GitLab: The repository is temporarily read-only. Please try again later.": ("away", "run it again"),
    "GitLab: 13:GetRef: incorrect old value provided.": ("moved", "resource_group"),
}


@pytest.mark.parametrize("said", RULES)
def test_what_gitlab_says_has_its_own_remedy(said: str) -> None:
    kind, hint = RULES[said]
    words = f"remote: {said}\n! [remote rejected] abc -> main (pre-receive hook declined)\n"
    refusal = refusal_of(Completed(("git",), 1, "", words))
    assert refusal.kind == kind
    assert hint in refusal.hint
    assert said in refusal.said
