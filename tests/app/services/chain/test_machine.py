"""The chain of reviews under random acts; `make soak` runs 100,000 of them."""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.chain_machine import ChainMachine

#: Random acts on each database.
_STEPS = int(os.environ.get("SOAK_STEPS", "150"))
_AT_A_TIME = 50


def test_random_acts_leave_what_the_model_says(workshop):
    machine = type("Machine", (ChainMachine,), {"workshop": workshop})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, _STEPS // _AT_A_TIME),
            stateful_step_count=_AT_A_TIME,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            print_blob=True,
        ),
    )
