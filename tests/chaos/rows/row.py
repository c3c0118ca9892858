"""What every row has: its fault and pass mark in words, the stack that it needs, and the fault itself."""
from stack import StackSettings


class Row:
    name = ""  # of --only
    fault = ""
    mark = ""
    is_in_short = True  # part of the form for CI
    per_second = 80  # commands of the load
    kinds = None  # of the load; all when not said

    def settings(self, is_short):
        return StackSettings()

    def run(self, trial):
        """Injects the fault into a stack under load, takes it away again, and says by trial.expect what was not held.
        Whatever it started or changed besides is back to normal at the end: the next row may use the same stack."""
        raise NotImplementedError
