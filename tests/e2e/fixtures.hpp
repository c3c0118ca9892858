#pragma once
// The playbooks that these tests run. Any thread.
#include <string>

namespace noetl::e2e {

// The text of the playbook under tests/fixtures/playbooks whose metadata.path is `path`.
[[nodiscard]] std::string fixture(const std::string& path);

// start (noop), then `breaks`, whose Python raises ValueError("no such thing").
[[nodiscard]] std::string playbook_that_raises();
// One shell step `waits` that runs `command`.
[[nodiscard]] std::string playbook_with_shell(const std::string& path, const std::string& command);
// Three noop steps in a row: path e2e/three_steps.
[[nodiscard]] std::string playbook_of_three_steps();
// One noop step, with the path that messages of sessions name in these tests: chat/answer.
[[nodiscard]] std::string playbook_of_sessions();
// One Python step that sleeps for a minute: path e2e/sleeps.
[[nodiscard]] std::string playbook_that_sleeps();

}  // namespace noetl::e2e
