#include "tests/e2e/fixtures.hpp"

#include <filesystem>
#include <stdexcept>

#include "test_paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noetl::e2e {

std::string fixture(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(NOETL_SOURCE_DIR) / "tests" / "fixtures" / "playbooks";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".yaml") continue;
    std::string text = support::read_text(entry.path());
    if (text.find("path: " + path + "\n") != std::string::npos) return text;
  }
  throw std::runtime_error("no playbook with metadata.path " + path + " under " + folder.string());
}

std::string playbook_that_raises() {
  return R"(apiVersion: noetl.io/v2
kind: Playbook
metadata:
  name: raises
  path: e2e/raises
workflow:
  - step: start
    tool:
      kind: noop
    next:
      - step: breaks
  - step: breaks
    tool:
      kind: python
      code: |
        def main():
            raise ValueError("no such thing")
)";
}

std::string playbook_with_shell(const std::string& path, const std::string& command) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata:\n  name: waits\n  path: " + path +
         "\nworkflow:\n  - step: start\n    tool:\n      kind: shell\n      command: " + command + "\n";
}

std::string playbook_of_three_steps() {
  return R"(apiVersion: noetl.io/v2
kind: Playbook
metadata:
  name: three_steps
  path: e2e/three_steps
workflow:
  - step: start
    tool:
      kind: noop
    next:
      - step: middle
  - step: middle
    tool:
      kind: noop
    next:
      - step: last
  - step: last
    tool:
      kind: noop
)";
}

std::string playbook_of_sessions() {
  return R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: answer, path: chat/answer }
workload: { message: "" }
workflow:
  - step: start
    tool: { kind: noop }
)";
}

std::string playbook_that_sleeps() {
  return R"yaml(apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: sleeps, path: e2e/sleeps }
workflow:
  - step: start
    tool: { kind: python, code: "import time\ndef main():\n    time.sleep(60)" }
)yaml";
}

}  // namespace noetl::e2e
