"""Every setting that a program documents is used by it: each field of the structs in shared/config/program_settings.hpp is read in the program's folder."""
import re

HEADER = "shared/config/program_settings.hpp"
# Struct → folders of the programs that get it.
READERS = {
    "LogChoice": ("server/", "worker/", "cli/"),
    "NatsAddress": ("server/", "worker/", "shared/service/"),
    "ServiceIdentity": ("shared/service/",),
    "NatsSettings": ("server/",),
    "RetentionSettings": ("server/",),
    "EventsSettings": ("server/",),
    "ServerSettings": ("server/",),
    "WorkerSettings": ("worker/",),
    "ClientSettings": ("cli/",),
}


def fields_of(header):
    """(struct, field) of each member; comments are skipped."""
    for struct, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", header, re.M | re.S):
        for line in body.splitlines():
            declaration = line.split("//")[0].strip().removesuffix(";")
            without_type = re.match(r"(?:const )?[\w:]+(?:<[^;]*>)?\s+(.*)", declaration)
            for part in re.split(r",\s*", without_type.group(1)) if without_type else []:
                yield struct, re.match(r"\w+", part).group(0)


def check(header, sources):
    """`sources`: name → text of every source file."""
    for struct, field in fields_of(header):
        folders = READERS.get(struct)
        if folders is None:
            yield f"{HEADER}: {struct} is in no program: name the folders that read it in tests/tidy/settings.py"
        elif not any(name.startswith(folders) and re.search(rf"(?:\.|->){field}\b(?!\s*=[^=])", text) for name, text in sources.items()):
            yield f"{HEADER}: {struct}::{field} is read by no file of {', '.join(folders)}: a setting that does nothing"
