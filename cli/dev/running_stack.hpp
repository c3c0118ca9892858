#pragma once
// RunningStack: a stack that `noetlctl dev` runs on this machine, found by who comes later: each one that starts leaves its folder's
// path among the user's state files ($XDG_STATE_HOME or ~/.local/state, noetl/dev). Main thread.
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/config/resolve.hpp"

namespace noetl::dev {

struct RunningStack {
  std::string folder;  // of its data
  std::string server_url, database_url, nats_url;  // the last with the server's login
  std::string operator_nats_url = {};  // with the login of people, as `noetlctl dev` prints it to paste
};

// Leaves the path of a stack's folder where running_stacks() looks, as long as the object lives.
class StackNote {
 public:
  explicit StackNote(const std::string& folder);
  ~StackNote();
  StackNote(const StackNote&) = delete;
  StackNote& operator=(const StackNote&) = delete;

 private:
  std::string file_;  // empty: there is nowhere to leave it
};

// Of this user, ready, and held by a process that lives.
[[nodiscard]] std::vector<RunningStack> running_stacks();
// The only one, or the one of the folder that this process is in, or above it. Nothing: none runs. conflict: several run elsewhere.
[[nodiscard]] base::Result<std::optional<RunningStack>> find_stack();

// With what is left to its default, of the addresses of Postgres and NATS, as the stack has it; unchanged when there is none. The
// login of people may not look where the doctor does: it becomes the server's.
[[nodiscard]] base::Result<config::Resolved> with_stack(config::Resolved resolved);

}  // namespace noetl::dev
