#pragma once
// Tool: code in the worker that carries out one kind of command. One object per kind serves all slots
// at once: run() is called from many threads. A tool never throws past run(), never outlives its
// deadline by more than a moment, and never takes the worker down (R10).
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "shared/domain/command.hpp"
#include "worker/tools/credentials.hpp"
#include "worker/tools/progress.hpp"

namespace noetl::reach {
struct Reach;
}

namespace noetl::tools {

using Json = nlohmann::json;

struct ToolCall {
  Json tool = Json::object();  // the rendered options, kind included
  Json input = Json::object();  // the rendered arguments
  Json context = Json::object();  // {execution_id, step, …}: what a tool may show its code
  std::string traceparent;
  secrets::CredentialPolicies policies = {};  // of the keychain entries that options and input were rendered with
  std::map<std::string, std::string> secret_options = {};  // those options: name → template, which may be shown
  std::chrono::steady_clock::time_point deadline;  // always set
  std::stop_token stop;  // cancelled, lease lost or worker going down: return as soon as possible
  CredentialSource* credentials = nullptr;  // outlives the call; null where nobody can be asked
  ResultSource* results = nullptr;  // the same
  Progress* progress = nullptr;  // the same; null where nobody listens
};

// Begins what stands where a text was cut. The loop looks there for the first half of a secret.
inline constexpr std::string_view cut_mark = "\n[output cut: ";

struct ToolResult {
  domain::Outcome outcome = domain::Outcome::completed;  // completed | failed | cancelled
  std::string result = "null";  // JSON text
  std::optional<domain::ToolError> error;
  std::string output;  // what it printed, cut at output_bytes_max with a mark
};

// Bounds that every tool honours; settings of the worker.
struct ToolLimits {
  std::size_t output_bytes_max = 256 * 1024;
  std::size_t result_bytes_max = 32 * 1024 * 1024;
  std::size_t memory_bytes_max = 1024UL * 1024 * 1024;  // of a child process
  std::chrono::milliseconds timeout_default{300'000};
  // Of child processes, 0: no bound.
  std::size_t file_bytes_max = 0;  // of a file that one writes
  std::chrono::seconds cpu_time_max{0};  // of one process
  std::size_t processes_max = 0;  // of the worker's user, all of them counted
  std::string child_variables = {};  // of the worker, for its children besides the usual ones: "NAME,PREFIX_*"
  // Addresses and files (reach_of). Shared by all tools of the worker. Null: the closest bounds.
  std::shared_ptr<const reach::Reach> reach;
};

// One option of a tool, as docs/reference/tools.md shows it. What a playbook writes and no table has is warned about.
struct OptionSpec {
  std::string_view name;
  std::string_view type;
  std::string_view meaning;
};

class Tool {
 public:
  virtual ~Tool() = default;
  [[nodiscard]] virtual std::string_view kind() const = 0;
  // Empty: the tool looks at nothing but its input, or does not say.
  [[nodiscard]] virtual std::span<const OptionSpec> options() const { return {}; }
  // True when run() returns at once and never blocks: it is then run without a thread of its own.
  [[nodiscard]] virtual bool is_instant() const { return false; }
  [[nodiscard]] virtual ToolResult run(const ToolCall& call) = 0;
};

// The tools of one worker by kind. Filled by main before the first call; read-only afterwards.
class Registry {
 public:
  void add(std::unique_ptr<Tool> tool);
  // For a kind that this worker does not have, or does not run: found when it is asked for, unless a tool has its name; not among
  // kinds().
  void add_absent(std::unique_ptr<Tool> tool);
  [[nodiscard]] Tool* find(std::string_view kind) const;
  [[nodiscard]] bool has(std::string_view kind) const { return tools_.contains(kind); }
  [[nodiscard]] std::vector<std::string> kinds() const;

 private:
  std::map<std::string, std::unique_ptr<Tool>, std::less<>> tools_;
  std::map<std::string, std::unique_ptr<Tool>, std::less<>> absent_;
};

}  // namespace noetl::tools
