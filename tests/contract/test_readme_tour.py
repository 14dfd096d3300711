"""Every line of the README's quick tour runs and shows what the README says, on what is embedded and on real servers."""

import re
import subprocess

import pytest
from conftest import ROOT, Host


@pytest.mark.parametrize("deployment", ["host", "host_on_servers"])
def test_the_tour_of_the_readme_runs_as_written(deployment: str, request: pytest.FixtureRequest) -> None:
    host: Host = request.getfixturevalue(deployment)
    blocks = re.findall(r"^```sh tour\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 8
    script = "set -euo pipefail\n" + "\n".join(blocks)
    assert "http://127.0.0.1:3000" in script
    script = script.replace("http://127.0.0.1:3000", host.url)
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    shown = run.stdout
    for expected in (
        '"status":"completed"',
        "2031-02-28T09:00:00.000Z",
        "com.todo.task.completed",
        "Pay the rent",
        '"crv":"Ed25519"',
        "3.1",
    ):
        assert expected in shown, f"{expected!r} is missing in:\n{shown}"
