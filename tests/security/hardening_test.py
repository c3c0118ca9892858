"""The programs are linked with what compiler and linker offer against exploitation, read back with readelf."""
import os
import pathlib
import subprocess
import sys
import unittest

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
PROGRAMS = ("noetl-server", "noetl-worker", "noetlctl")


def readelf(option, program):
    return subprocess.run(["readelf", option, "-W", BIN / program], check=True, capture_output=True, text=True).stdout


class Hardening(unittest.TestCase):
    def each(self, option, *wanted):
        for program in PROGRAMS:
            text = readelf(option, program)
            for word in wanted:
                with self.subTest(program=program, wanted=word):
                    self.assertRegex(text, word)

    def test_addresses_are_random(self):
        self.each("-h", r"Type:\s+DYN")

    def test_relocations_are_read_only_before_main_runs(self):
        self.each("-l", "GNU_RELRO")
        self.each("-d", r"BIND_NOW|FLAGS_1.*NOW")

    def test_the_stack_is_not_executable(self):
        for program in PROGRAMS:
            stack = [line for line in readelf("-l", program).splitlines() if "GNU_STACK" in line]
            self.assertEqual(len(stack), 1, program)
            self.assertNotIn("RWE", stack[0], program)

    def test_smashed_stacks_and_overflowing_copies_end_the_process(self):
        self.each("--dyn-syms", "__stack_chk_fail", r"__\w+_chk@")


if __name__ == "__main__":
    unittest.main()
