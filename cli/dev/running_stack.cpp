#include "cli/dev/running_stack.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "cli/dev/dev_folder.hpp"
#include "cli/dev/private_file.hpp"

namespace noetl::dev {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t notes_max = 64;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string line_of(const fs::path& path) {
  auto line = text_of(path);
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

// Empty: this process has no home.
fs::path folder_of_notes() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) return fs::path(state) / "noetl/dev";
  const auto home = variable("HOME");
  return home.starts_with('/') ? fs::path(home) / ".local/state/noetl/dev" : fs::path();
}

// A file of somebody else's could send this user's tokens elsewhere.
bool is_own(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && found.st_uid == geteuid();
}

std::optional<RunningStack> stack_in(const std::string& folder) {
  if (!is_own(folder + "/dev.json") || !is_folder_held(folder)) return std::nullopt;
  const auto state = nlohmann::json::parse(text_of(folder + "/dev.json"), nullptr, false);
  if (!state.is_object() || !state.value("is_ready", false)) return std::nullopt;
  return RunningStack{.folder = folder,
                      .server_url = state.value("server_url", std::string()),
                      .database_url = state.value("database_url", std::string()),
                      .nats_url = line_of(state.value("nats_url_file", std::string())),
                      .operator_nats_url = line_of(state.value("nats_operator_url_file", std::string()))};
}

bool is_at_or_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// `/clone/.noetl/dev` is the stack of /clone and of what is in it.
bool is_of_here(const RunningStack& stack, const fs::path& here) {
  const auto parent = fs::path(stack.folder).parent_path();
  return is_at_or_below(here, parent.filename() == ".noetl" ? parent.parent_path() : fs::path(stack.folder));
}

}  // namespace

StackNote::StackNote(const std::string& folder) {
  const auto notes = folder_of_notes();
  if (notes.empty()) return;
  std::error_code failed;
  fs::create_directories(notes, failed);
  if (failed) return;  // a home that cannot be written: whoever wants the stack names it
  try {
    const auto file = (notes / std::to_string(getpid())).string();
    write_private_file(file, folder + '\n');
    file_ = file;
  } catch (const std::system_error&) {
  }
}

StackNote::~StackNote() {
  std::error_code ignored;
  if (!file_.empty()) fs::remove(file_, ignored);
}

std::vector<RunningStack> running_stacks() {
  std::vector<RunningStack> stacks;
  const auto notes = folder_of_notes();
  std::error_code failed;
  if (notes.empty() || !is_own(notes.string())) return stacks;
  for (fs::directory_iterator note(notes, failed), end; !failed && note != end && stacks.size() < notes_max;
       note.increment(failed)) {
    const auto folder = line_of(note->path());
    if (auto stack = stack_in(folder)) {
      stacks.push_back(std::move(*stack));
    } else if (!is_folder_held(folder)) {
      std::error_code ignored;
      fs::remove(note->path(), ignored);  // of a stack that was killed
    }
  }
  std::ranges::sort(stacks, {}, &RunningStack::folder);
  const auto same = std::ranges::unique(stacks, {}, &RunningStack::folder);
  stacks.erase(same.begin(), same.end());
  return stacks;
}

base::Result<std::optional<RunningStack>> find_stack() {
  auto stacks = running_stacks();
  if (stacks.empty()) return std::nullopt;
  std::error_code failed;
  const auto here = fs::current_path(failed);
  const auto own = std::ranges::find_if(stacks, [&](const auto& one) { return !failed && is_of_here(one, here); });
  if (own != stacks.end()) return std::move(*own);
  if (stacks.size() == 1) return std::move(stacks.front());
  std::string all;
  for (const auto& stack : stacks) all += "\n  --server-url " + stack.server_url + "  (" + stack.folder + ")";
  return base::failure(
      base::ErrorCode::conflict,
      "several stacks of `noetlctl dev` run here; say which, by the flag or by NOETL_SERVER_URL:" + all, "server-url");
}

namespace {

void trade_login_of_people(config::Resolved& resolved) {
  auto& given = resolved.at("nats-url");
  for (const auto& stack : running_stacks()) {
    if (!given.value.empty() && given.value == stack.operator_nats_url)
      given = {.value = stack.nats_url, .origin = config::Origin::flag, .where = "noetlctl dev in " + stack.folder};
  }
}

}  // namespace

base::Result<config::Resolved> with_stack(config::Resolved resolved) {
  trade_login_of_people(resolved);
  const auto is_default = [&](const char* name) { return resolved.at(name).origin == config::Origin::default_value; };
  const bool wants_database = is_default("database-url") && is_default("postgres-host");
  const bool wants_nats = is_default("nats-url") && is_default("nats-credentials");
  if (!wants_database && !wants_nats) return resolved;
  const auto found = find_stack();
  if (!found) return base::failure(found.error());
  if (!*found) return resolved;
  const auto& stack = **found;
  const auto where = "noetlctl dev in " + stack.folder;
  if (wants_database)
    resolved["database-url"] = {.value = stack.database_url, .origin = config::Origin::flag, .where = where};
  if (wants_nats && !stack.nats_url.empty())
    resolved["nats-url"] = {.value = stack.nats_url, .origin = config::Origin::flag, .where = where};
  return resolved;
}

}  // namespace noetl::dev
