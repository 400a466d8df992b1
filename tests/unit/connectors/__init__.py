import pytest

# The contract is not a test module of its own; its asserts should explain themselves all the same.
pytest.register_assert_rewrite(f"{__name__}.contract")
