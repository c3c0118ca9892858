"""What a trial saw: lines on the terminal, and a table in the folder of its work."""


class Report:
    """Lines of what was tried and seen; a failed expectation is a line, and the exit code."""

    def __init__(self, folder):
        self.folder, self.rows = folder, []

    def saw(self, what, seen, is_good=True):
        self.rows.append((what, seen, is_good))
        print(f"{'ok  ' if is_good else 'FAIL'} {what}: {seen}", flush=True)

    def write(self):
        lines = ["| tried | seen | |", "| --- | --- | --- |", *(f"| {what} | {seen} | {'ok' if good else 'FAIL'} |" for what, seen, good in self.rows)]
        (self.folder / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return all(good for _what, _seen, good in self.rows)
